import type { Database, Queryable } from './database.ts';

/** A channel of ours: pg-boss notifies neither on a retry nor when a deferred job is due. */
const channel = 'weighbridge';

type Listener = (subject: string) => void;
export type SignalKind = 'ready' | 'job' | 'due';
const kinds: readonly SignalKind[] = ['ready', 'job', 'due'];

/** Signals between masters, delivered when the transaction that sent them commits. */
export class Signals {
  readonly #listeners: Record<SignalKind, Set<Listener>> = { ready: new Set(), job: new Set(), due: new Set() };
  #stop: (() => Promise<void>) | undefined;

  /** `onGap` is called whenever signals may have been missed. */
  async start(database: Database, onGap: () => void): Promise<void> {
    this.#stop = await database.listen(channel, (payload) => this.#deliver(payload), onGap);
  }

  async stop(): Promise<void> {
    await this.#stop?.();
    for (const kind of kinds) this.#listeners[kind].clear();
  }

  on(kind: SignalKind, listener: Listener): () => void {
    this.#listeners[kind].add(listener);
    return () => this.#listeners[kind].delete(listener);
  }

  /** Tells listeners in this process only. */
  emit(kind: SignalKind, subject: string): void {
    for (const listener of this.#listeners[kind]) listener(subject);
  }

  #deliver(payload: string): void {
    const [kind, subject = ''] = payload.split(':', 2);
    if (kinds.includes(kind as SignalKind)) this.emit(kind as SignalKind, subject);
  }
}

export interface Signal {
  kind: SignalKind;
  subject: string;
}

/** Sends signals to all masters with the transaction's commit. */
export async function signal(on: Queryable, signals: Signal[]): Promise<void> {
  if (signals.length === 0) return;
  const payloads = [...new Set(signals.map(({ kind, subject }) => `${kind}:${subject}`))];
  await on.query(`SELECT pg_notify('${channel}', payload) FROM unnest($1::text[]) AS sent (payload)`, [payloads]);
}
