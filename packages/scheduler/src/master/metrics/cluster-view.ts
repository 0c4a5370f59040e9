import type { Node } from '@weighbridge/protocol';
import { limits, nodeStates } from '@weighbridge/protocol';
import type { QueueOverview, Store } from '../../store/store.ts';

const refreshMs = 2000;

/** Nodes and the store's health as of a moment ago, refreshed in the background: a scrape never waits for the store. */
export class ClusterView {
  readonly #store: Store;
  /** The queues of each node that the store has vouched for. */
  readonly #known = new Map<string, readonly string[]>();
  #nodes: readonly Node[] = [];
  #storeUp = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(store: Store) {
    this.#store = store;
  }

  async start(): Promise<void> {
    await this.refresh();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async refresh(): Promise<void> {
    try {
      await this.#store.ping();
      this.#nodes = await this.#store.nodes.list();
      // Otherwise only added to: a node may have registered while the list was on its way.
      if (this.#known.size > 2 * limits.nodes) this.#known.clear();
      for (const node of this.#nodes) this.#known.set(node.id, node.queues);
      this.#storeUp = true;
    } catch {
      this.#storeUp = false;
    }
  }

  /** The store has just registered this node. */
  learn(node: string, queues: readonly string[]): void {
    this.#known.set(node, queues);
  }

  /** What a node serves, as far as is known here: it may have registered with another master a moment ago. */
  findQueues(node: string): readonly string[] | undefined {
    return this.#known.get(node);
  }

  isKnown(node: string): boolean {
    return this.#known.has(node);
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  get storeUp(): boolean {
    return this.#storeUp;
  }

  get queues(): QueueOverview {
    return this.#store.overview();
  }

  countNodes(): { state: Node['state']; count: number }[] {
    return nodeStates.map((state) => ({ state, count: this.#nodes.filter((node) => node.state === state).length }));
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.refresh().then(() => this.#schedule()), refreshMs).unref();
  }
}
