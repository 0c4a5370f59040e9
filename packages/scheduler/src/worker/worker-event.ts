import type { AttemptOutcome, AttemptRef } from '@weighbridge/protocol';

/** What a worker did, for logs. `message` is one sentence. */
export interface WorkerEvent {
  type:
    | 'registered'
    | 'attempt-started'
    | 'attempt-ended'
    | 'master-silent'
    | 'master-back'
    | 'session-lost'
    | 'guard-lost'
    | 'warning'
    | 'stopped';
  message: string;
  attempt?: AttemptRef;
  outcome?: AttemptOutcome;
}
