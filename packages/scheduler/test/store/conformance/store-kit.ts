import type { AttemptRef, ClaimedAttempt, Job, JobSubmission } from '@weighbridge/protocol';
import pg from 'pg';
import { Database } from '../../../src/store/database/database.ts';
import type { EndedAttempt, Store } from '../../../src/store/index.ts';

/** An open store, and its database's URL, through which a test moves time. */
export interface OpenStore {
  store: Store;
  url: string;
  close(): Promise<void>;
}

let names = 0;
/** A name that no other test uses: the suite shares one store. */
export const unique = (what: string) => `${what}-${++names}`;

export const attemptRef = ({ jobId, attempt }: ClaimedAttempt) => ({ jobId, attempt });
export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (content: Uint8Array) => new TextDecoder().decode(content);

/** A node of a test's own that serves a queue of its own. */
export interface Bench {
  queue: string;
  node: string;
  session: string;
  submit(more?: Partial<JobSubmission>): Promise<Job>;
  claim(slots?: number): Promise<ClaimedAttempt[]>;
  claimOne(): Promise<ClaimedAttempt>;
}

/** A store under test, with the means that tests share. Time passes here by moving what is stored into the past. */
export class StoreKit {
  readonly store: Store;
  readonly #open: OpenStore;
  /** For what the store does by itself only seldom. */
  readonly database: Database;
  readonly #client: pg.Client;

  private constructor(open: OpenStore, client: pg.Client) {
    this.store = open.store;
    this.database = new Database(open.url, () => undefined);
    this.#open = open;
    this.#client = client;
  }

  static async open(open: OpenStore): Promise<StoreKit> {
    const client = new pg.Client(open.url);
    await client.connect();
    return new StoreKit(open, client);
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.#client.end();
    await this.#open.close();
  }

  async query(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.#client.query(sql, values)).rows;
  }

  async claim(node: string, session: string, slots: number): Promise<ClaimedAttempt[]> {
    return (await this.store.attempts.claim(node, session, { slots })).claimed.map(({ attempt }) => attempt);
  }

  async bench({ slots = 4 } = {}): Promise<Bench> {
    const queue = unique('queue');
    const node = unique('node');
    const { session } = await this.store.nodes.register({ name: node, queues: [queue], slots });
    return {
      queue,
      node,
      session,
      submit: async (more = {}) => {
        const [one] = await this.store.jobs.submit([{ queue, command: 'echo', args: ['hello'], ...more }]);
        if (!one) throw new Error('nothing was submitted');
        return one.job;
      },
      claim: (free = slots) => this.claim(node, session, free),
      claimOne: async () => {
        const [attempt] = await this.claim(node, session, slots);
        if (!attempt) throw new Error('nothing was claimed');
        return attempt;
      },
    };
  }

  /** Makes an attempt's lease one that expired a moment ago, also for a store that has just begun to answer. */
  async expireLease({ jobId, attempt }: AttemptRef): Promise<void> {
    await this.#client.query(
      `UPDATE weighbridge.attempts SET lease_until = now() - interval '1 ms', lease_seconds = 0 WHERE job_id = $1 AND number = $2`,
      [jobId, attempt],
    );
  }

  /** Lets time pass for a job and its attempts, without an end of their leases, and for the grace of a new store. */
  async ageJob(id: string, seconds: number): Promise<void> {
    const shift = (column: string) => `${column} = ${column} - $2 * interval '1 second'`;
    const columns = ['created_at', 'start_after', 'run_at', 'started_at', 'ended_at'].map(shift);
    await this.#client.query(`UPDATE weighbridge.jobs SET ${columns} WHERE id = $1`, [id, seconds]);
    const ofAttempts = ['lease_seconds = 0', ...['started_at', 'ended_at', 'overdue_at'].map(shift)];
    await this.#client.query(`UPDATE weighbridge.attempts SET ${ofAttempts} WHERE job_id = $1`, [id, seconds]);
  }

  /** Lets time pass for a node. */
  async ageNode(name: string, seconds: number): Promise<void> {
    await this.#client.query(
      `UPDATE weighbridge.nodes SET heartbeat_at = heartbeat_at - $2 * interval '1 second' WHERE name = $1`,
      [name, seconds],
    );
  }

  /** Resolves with the expiry of this job's attempt, whichever pass finds it. */
  expiryOf(jobId: string): Promise<EndedAttempt> {
    const { promise, resolve } = Promise.withResolvers<EndedAttempt>();
    const stop = this.store.attempts.onExpired((all) => {
      const mine = all.find((one) => one.jobId === jobId);
      if (mine) resolve(mine);
    });
    return promise.finally(stop);
  }

  /** Resolves when the queue is announced. */
  readyOf(queue: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.store.attempts.onReady((name) => {
      if (name === queue) resolve();
    });
    return promise.finally(stop);
  }
}
