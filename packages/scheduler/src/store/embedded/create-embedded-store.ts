import { StartError } from '../../errors.ts';
import { type Engine, QueueStore } from '../queue-store.ts';
import type { Store } from '../store.ts';
import { EmbeddedServer } from './embedded-server.ts';

export interface EmbeddedStoreOptions {
  /** The data folder. The database lies in `<dataDir>/store`, its lock file is `<dataDir>/store.lock`. */
  dataDir: string;
  /** Told what failed in the background; the store tries again by itself. Default: nothing is said. */
  onError?: (error: unknown) => void;
}

/**
 * A store on a PostgreSQL server of its own, which starts and ends with it.
 *
 * `start()` throws `StartError` `data-locked`, `data-unwritable`, `data-foreign` or `store-unsupported`.
 *
 * @example
 * const store = createEmbeddedStore({ dataDir: './data' });
 * await store.start();
 */
export function createEmbeddedStore({ dataDir, onError = () => undefined }: EmbeddedStoreOptions): Store {
  return new QueueStore(embeddedEngine(dataDir, onError), onError);
}

function embeddedEngine(dataDir: string, onError: (error: unknown) => void): Engine {
  let server: EmbeddedServer | undefined;
  return {
    kind: 'embedded',
    durable: true,
    async open() {
      server = new EmbeddedServer({ dataDir, onError });
      return { connectionString: await server.start(), max: 10, application_name: 'weighbridge' };
    },
    async close() {
      await server?.stop();
      server = undefined;
    },
    explain: (error) =>
      new StartError('data-unwritable', `the store in ${dataDir} can't be opened: ${(error as Error).message}`, {
        cause: error,
      }),
  };
}
