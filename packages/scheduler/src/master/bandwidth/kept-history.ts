import type { History, KeptMinute } from '@weighbridge/monitor';
import type { BandwidthStore } from '../../store/store.ts';

const dayMs = 86_400_000;
/** While the store is away: a day of minutes waits. */
const maxUnsaved = 1440;
/** A store that hangs doesn't hold up the stop for longer. */
const stopMs = 1000;

/** Keeps the listener's minutes in the store, and gives it those from before this start. */
export class KeptHistory {
  readonly #history: History;
  readonly #store: BandwidthStore;
  readonly #master: string;
  readonly #unsaved: KeptMinute[] = [];
  #saving: Promise<void> = Promise.resolve();

  /** @param master a UUID that this master keeps over its restarts. */
  constructor(history: History, store: BandwidthStore, master: string) {
    this.#history = history;
    this.#store = store;
    this.#master = master;
  }

  /** Minutes that are full before the store answers are kept too. */
  async start(): Promise<void> {
    this.#history.onMinute((minute) => this.#save(minute));
    const since = new Date(Date.now() - dayMs).toISOString();
    const stored = await this.#store.list(this.#master, since);
    this.#history.restore(stored.map(({ minute }) => minute as KeptMinute));
  }

  /** Saves what there is of the minute that has begun. */
  async stop(): Promise<void> {
    const unfinished = this.#history.unfinished();
    if (unfinished) this.#save(unfinished);
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, stopMs).unref());
    await Promise.race([this.#saving, timeout]);
  }

  #save(minute: KeptMinute): void {
    this.#unsaved.push(minute);
    if (this.#unsaved.length > maxUnsaved) this.#unsaved.shift();
    this.#saving = this.#saving.then(() => this.#saveAll());
  }

  /** What the store doesn't take is saved with the next minute. */
  async #saveAll(): Promise<void> {
    try {
      for (let minute = this.#unsaved[0]; minute; minute = this.#unsaved[0]) {
        await this.#store.save(this.#master, { at: new Date(minute.atMs).toISOString(), minute });
        this.#unsaved.shift();
      }
    } catch {
      // The store's outage is told where it matters; here nothing is lost yet.
    }
  }
}
