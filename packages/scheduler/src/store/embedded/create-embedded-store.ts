import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../errors.ts';
import { QueueStore, type Engine as StoreEngine } from '../queue-store.ts';
import type { Store } from '../store.ts';
import { lockDirectory } from './directory-lock.ts';
import { Engine } from './engine.ts';
import { connectionOver } from './engine-connection.ts';

export interface EmbeddedStoreOptions {
  /** The data folder. The database lies in `<dataDir>/store`, its lock file is `<dataDir>/store.lock`. */
  dataDir: string;
  /** Told what failed in the background; the store tries again by itself. Default: nothing is said. */
  onError?: (error: unknown) => void;
}

/**
 * A store without a server: PGlite in a worker thread. Survives the process's end, not a power cut.
 *
 * `start()` throws `StartError` `data-locked` or `data-unwritable`.
 *
 * @example
 * const store = createEmbeddedStore({ dataDir: './data' });
 * await store.start();
 */
export function createEmbeddedStore({ dataDir, onError = () => undefined }: EmbeddedStoreOptions): Store {
  return new QueueStore(embeddedEngine(dataDir), onError);
}

function embeddedEngine(dataDir: string): StoreEngine {
  const directory = join(dataDir, 'store');
  let engine: Engine | undefined;
  let unlock: (() => Promise<void>) | undefined;
  const close = async () => {
    await engine?.close();
    await unlock?.();
    engine = undefined;
    unlock = undefined;
  };
  return {
    kind: 'embedded',
    durable: false,
    async open() {
      unlock = await takeDirectory(dataDir, directory);
      engine = await Engine.open(directory);
      return { db: connectionOver(engine), backend: 'pglite', monitorVacuum: false };
    },
    close,
    explain: (error) =>
      new StartError('data-unwritable', `the store in ${directory} can't be opened: ${sentenceOf(error)}`, {
        cause: error,
      }),
  };
}

const sentenceOf = (error: unknown) => String((error as Error).message ?? error).split('\n', 1)[0];

async function takeDirectory(dataDir: string, directory: string): Promise<() => Promise<void>> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return await lockDirectory(`${directory}.lock`, dataDir);
  } catch (error) {
    if (error instanceof StartError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      'data-unwritable',
      `the data folder ${dataDir} can't be written (${code}); pass another --data`,
      {
        cause: error,
      },
    );
  }
}
