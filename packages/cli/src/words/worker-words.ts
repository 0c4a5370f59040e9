import type { WorkerEvent } from '@weighbridge/scheduler';

/** What a worker's event is for people: one sentence. */
export function formatWorkerEvent(event: Exclude<WorkerEvent, { type: 'started' }>): string {
  switch (event.type) {
    case 'draining':
      return `The node ${event.name} is drained: it is given no jobs until \`weighbridge nodes resume ${event.name}\`.`;
    case 'registered-again':
      return `Registered again as ${event.name}.`;
    case 'attempt-started':
      return `${formatAttempt(event)} runs ${event.command}.`;
    case 'attempt-ended':
      return `${formatAttempt(event)} ${event.outcome.replace('_', ' ')}${event.reason === undefined ? '' : `: ${event.reason}`}.`;
    case 'attempt-stale':
      return `${formatAttempt(event)} was ended here: the master has given it up.`;
    case 'log-refused':
      return `${formatAttempt(event)}: the rest of its log is dropped, because the master refused it: ${event.error}.`;
    case 'result-refused':
      return `${formatAttempt(event)} is reported as failed, because the master refused its result: ${event.error}.`;
    case 'directory-left':
      return `${formatAttempt(event)}: its directory could not be removed: ${event.error}.`;
    case 'leftovers-ended':
      return `Ended ${event.count} ${event.count === 1 ? 'process' : 'processes'} that an earlier run of this worker had left.`;
    case 'master-silent':
      return `The master acknowledges no heartbeat (${event.error}). Each job goes on for four fifths of its lease.`;
    case 'master-back':
      return 'The master acknowledges heartbeats again.';
    case 'session-lost':
      return event.reason === 'taken-over'
        ? 'Another worker has taken this name over. What runs is given back, and this worker ends.'
        : 'The master no longer knows this node. What runs is given back, and it is registered again.';
    case 'registration-refused':
      return `The master refuses the registration: ${event.error}. It is tried again.`;
    case 'guard-lost':
      return 'The guard process has died. What it guarded was ended and is given back; another guard is started.';
    case 'stopped':
      return `The worker ${event.name} has stopped.`;
  }
}

function formatAttempt({ attempt: { jobId, attempt } }: Extract<WorkerEvent, { attempt: object }>): string {
  return `Job ${jobId}, attempt ${attempt}`;
}
