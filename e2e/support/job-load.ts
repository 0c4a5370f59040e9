import { setTimeout } from 'node:timers/promises';
import { type AttemptRef, type Client, ProblemError } from '@weighbridge/protocol';

/** What the load was told, kept outside the product. */
export interface Ledger {
  /** Acknowledged submissions: the job's id by its key. */
  readonly submitted: Map<string, string>;
  /** Attempts that were handed to a worker, with how many it was handed to. */
  readonly claimed: Map<string, number>;
  /** Attempts whose result was acknowledged. */
  readonly completed: Set<string>;
  /** Calls that failed and were repeated. */
  failures: number;
}

export interface JobLoad {
  readonly ledger: Ledger;
  /** Settles when every job was submitted and has been seen through by a worker. */
  readonly done: Promise<void>;
}

const pauseMs = 50;
const heartbeatMs = 2000;
const slots = 4;
export const attemptKey = ({ jobId, attempt }: AttemptRef) => `${jobId}/${attempt}`;

/**
 * Submits so many jobs, each with a key, and runs workers that end them well: all of them repeat what fails until it is
 * acknowledged. Each client is used by two submitters and two workers.
 */
export function startLoad(clients: readonly ((node: string) => Client)[], jobs: number): JobLoad {
  const ledger: Ledger = { submitted: new Map(), claimed: new Map(), completed: new Set(), failures: 0 };
  let next = 0;
  const isDone = () => new Set([...ledger.completed].map((key) => key.split('/')[0])).size >= jobs;

  const insist = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (error instanceof ProblemError && error.status < 500) throw error;
        ledger.failures++;
        await setTimeout(pauseMs);
      }
    }
  };

  const submit = async (client: Client) => {
    while (next < jobs) {
      const idempotencyKey = `job-${next++}`;
      const job = await insist(() =>
        client.submit({ command: 'true', lostRetryLimit: 20, leaseSeconds: 10, idempotencyKey }),
      );
      ledger.submitted.set(idempotencyKey, job.id);
    }
  };

  const complete = async (client: Client, session: string, ref: AttemptRef) => {
    const failuresBefore = ledger.failures;
    try {
      await insist(() => client.result(ref, { session, outcome: 'succeeded', exitCode: 0 }));
      ledger.completed.add(attemptKey(ref));
    } catch (error) {
      // The first of two may have come through without its answer; without a failure there was no first.
      if ((error as ProblemError).code !== 'stale-attempt' || ledger.failures === failuresBefore) throw error;
      const { state } = await insist(() => client.job(ref.jobId));
      if (state === 'succeeded') ledger.completed.add(attemptKey(ref));
    }
  };

  const work = async (client: Client, name: string) => {
    const { session } = await insist(() => client.register({ name, queues: ['default'], slots }));
    let beatenMs = performance.now();
    while (!isDone()) {
      if (performance.now() - beatenMs > heartbeatMs) {
        await insist(() => client.heartbeat(name, { session, attempts: [] }));
        beatenMs = performance.now();
      }
      const { attempts } = await insist(() => client.claim(name, { session, slots, waitSeconds: 1 }));
      for (const ref of attempts) ledger.claimed.set(attemptKey(ref), (ledger.claimed.get(attemptKey(ref)) ?? 0) + 1);
      await Promise.all(attempts.map((ref) => complete(client, session, ref)));
    }
  };

  const all = clients.flatMap((open, index) =>
    [1, 2].flatMap((n) => {
      const name = `node-${index}-${n}`;
      const client = open(name);
      return [submit(client), work(client, name)];
    }),
  );
  return { ledger, done: Promise.all(all).then(() => undefined) };
}
