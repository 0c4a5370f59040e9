import pg from 'pg';
import type { Database } from './database.ts';

const channel = 'weighbridge';
const reconnectMs = 500;
const longestReconnectMs = 5000;

type Listener = (subject: string) => void;
/** `ready`: a queue has work. `due`: a queue has a deferred job. `job`: a job or its log has changed. */
export type NotificationKind = 'ready' | 'job' | 'due';
const kinds: readonly NotificationKind[] = ['ready', 'job', 'due'];

/** A statement sends a notification with this call; it is delivered when the statement has committed. */
export const notify = (kind: NotificationKind, subject: string) => `pg_notify('${channel}', '${kind}:' || ${subject})`;

/** Hears what the statements of every master announce, on a connection of its own that is made again when it breaks. */
export class Notifications {
  readonly #onError: (error: unknown) => void;
  readonly #listeners: Record<NotificationKind, Set<Listener>> = { ready: new Set(), job: new Set(), due: new Set() };
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #failures = 0;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** `onGap` is called whenever notifications may have been missed: now, and after each break. */
  async start(database: Database, onGap: () => void): Promise<void> {
    const client = new pg.Client(database.clientOptions);
    const lost = (error: unknown) => this.#lost(client, error, database, onGap);
    client.on('error', lost);
    client.on('end', () => lost(new Error('the connection for notifications was closed')));
    client.on('notification', ({ payload = '' }) => this.#deliver(payload));
    this.#client = client;
    await client.connect();
    await client.query(`LISTEN ${channel}`);
    this.#failures = 0;
    onGap();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
    for (const kind of kinds) this.#listeners[kind].clear();
  }

  on(kind: NotificationKind, listener: Listener): () => void {
    this.#listeners[kind].add(listener);
    return () => this.#listeners[kind].delete(listener);
  }

  /** Tells listeners in this process only. */
  emit(kind: NotificationKind, subject: string): void {
    for (const listener of this.#listeners[kind]) listener(subject);
  }

  #deliver(payload: string): void {
    const [kind, subject = ''] = payload.split(':', 2);
    if (kinds.includes(kind as NotificationKind)) this.emit(kind as NotificationKind, subject);
  }

  #lost(client: pg.Client, error: unknown, database: Database, onGap: () => void): void {
    if (this.#isStopped || this.#client !== client) return;
    this.#client = undefined;
    void client.end().catch(() => undefined);
    if (this.#failures === 0) this.#onError(error);
    const restMs = Math.min(longestReconnectMs, reconnectMs * 2 ** this.#failures++);
    this.#timer = setTimeout(() => {
      // When it fails, the new connection's own events call this again.
      this.start(database, onGap).catch(
        (failure) => this.#client && this.#lost(this.#client, failure, database, onGap),
      );
    }, restMs);
  }
}
