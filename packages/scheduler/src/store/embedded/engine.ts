import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { StoreUnavailableError } from '../../errors.ts';
import type { EngineReply, EngineRequest } from './engine-messages.ts';

type Ask<R = EngineRequest> = R extends { id: number } ? Omit<R, 'id'> : never;
interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A statement under way may take that long; then the thread is ended under it. */
const closeMs = 3000;

/** PGlite in a worker thread: one connection, statements in the order of the calls. */
export class Engine {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, Set<(payload: string) => void>>();
  #lastId = 0;
  #gone: Error | undefined;

  private constructor(directory: string) {
    // Emitted code is .js: the compiler rewrites imports, not URLs.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.#worker = new Worker(new URL(`./pglite-worker.${extension}`, import.meta.url), {
      workerData: { directory },
      name: 'weighbridge-store',
    });
    this.#worker.on('message', (reply: EngineReply) => this.#take(reply));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end());
  }

  /** Opens the database in `directory`, which is made when missing. */
  static async open(directory: string): Promise<Engine> {
    const engine = new Engine(directory);
    await once(engine.#worker, 'message');
    return engine;
  }

  ask(request: Ask): Promise<unknown> {
    if (this.#gone) return Promise.reject(this.#gone);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id });
    });
  }

  async listen(channel: string, onPayload: (payload: string) => void): Promise<() => void> {
    const listeners = this.#listeners.get(channel) ?? new Set();
    if (!this.#listeners.has(channel)) {
      this.#listeners.set(channel, listeners);
      await this.ask({ kind: 'listen', channel });
    }
    listeners.add(onPayload);
    return () => listeners.delete(onPayload);
  }

  async close(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, closeMs);
    if (!this.#gone) await Promise.race([this.ask({ kind: 'close' }).catch(() => undefined), late]);
    clearTimeout(timer);
    await this.#worker.terminate();
  }

  #take(reply: EngineReply): void {
    if (reply.kind === 'opened') return;
    if (reply.kind === 'notification') {
      for (const listener of this.#listeners.get(reply.channel) ?? []) listener(reply.payload);
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === 'result') waiting?.resolve(reply.value);
    else waiting?.reject(Object.assign(new Error(reply.error.message), reply.error));
  }

  #end(cause?: unknown): void {
    this.#gone ??= new StoreUnavailableError('the embedded store has stopped', { cause });
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }
}
