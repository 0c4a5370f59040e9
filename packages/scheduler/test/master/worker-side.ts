import type { AttemptResult, ClaimedAttempt, Client, NodeRegistration } from '@weighbridge/protocol';
import { type Running, randomName } from './harness.ts';

/** A worker as far as the API knows one: it claims and says what it is told to. */
export interface TestWorker {
  readonly name: string;
  readonly session: string;
  readonly client: Client;
  claim(waitSeconds?: number, slots?: number, signal?: AbortSignal): Promise<ClaimedAttempt[]>;
  end(attempt: ClaimedAttempt, outcome: AttemptResult['outcome'], more?: Partial<AttemptResult>): Promise<void>;
}

export async function startWorker(running: Running, registration: Partial<NodeRegistration> = {}): Promise<TestWorker> {
  const name = registration.name ?? randomName();
  const client = running.clientOf(name);
  const { session } = await client.register({ queues: ['default'], slots: 4, ...registration, name });
  return {
    name,
    session,
    client,
    async claim(waitSeconds = 10, slots = 1, signal) {
      return (await client.claim(name, { session, slots, waitSeconds }, signal)).attempts;
    },
    end: ({ jobId, attempt }, outcome, more = {}) => client.result({ jobId, attempt }, { session, outcome, ...more }),
  };
}
