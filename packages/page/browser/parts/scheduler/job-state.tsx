import type { AttemptOutcome, JobState, NodeState } from '@weighbridge/protocol';

type Look = 'waiting' | 'busy' | 'good' | 'bad' | 'idle';

const looks: Record<JobState | NodeState | AttemptOutcome, Look> = {
  scheduled: 'waiting',
  blocked: 'waiting',
  queued: 'waiting',
  running: 'busy',
  cancelling: 'busy',
  succeeded: 'good',
  failed: 'bad',
  timed_out: 'bad',
  cancelled: 'waiting',
  refused: 'bad',
  released: 'waiting',
  ready: 'good',
  draining: 'busy',
  silent: 'busy',
  lost: 'bad',
  stopped: 'idle',
};

/** A state of a job, an attempt or a node, with its colour. */
export function State({ state }: { readonly state: JobState | NodeState | AttemptOutcome }) {
  return (
    <span class="state" data-look={looks[state]}>
      {state.replaceAll('_', ' ')}
    </span>
  );
}
