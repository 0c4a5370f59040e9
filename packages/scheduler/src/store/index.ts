import { embeddedDatabase, serverDatabase } from './database-source.ts';
import { PostgresStore } from './postgres-store.ts';
import type { Store, StoreOptions } from './store.ts';

export type * from './store.ts';

const resolveOptions = ({
  onError = () => undefined,
  keepEndedSeconds = 30 * 86_400,
}: StoreOptions): Required<StoreOptions> => ({ onError, keepEndedSeconds });

/**
 * A store on a PostgreSQL server of its own, which starts and ends with it. The database lies in `<dataDir>/store`.
 *
 * `start()` throws `StartError` `data-locked`, `data-unwritable`, `data-foreign` or `store-unsupported`.
 *
 * @example
 * const store = createEmbeddedStore({ dataDir: './data' });
 * await store.start();
 */
export function createEmbeddedStore({
  dataDir,
  ...given
}: StoreOptions & {
  /** The data folder. */
  dataDir: string;
}): Store {
  const options = resolveOptions(given);
  return new PostgresStore(embeddedDatabase(dataDir, options.onError), options);
}

/**
 * A store on a PostgreSQL server, which several masters may share.
 *
 * `start()` throws `StartError` `store-unreachable` or `data-foreign`.
 *
 * @example
 * const store = createPostgresStore({ url: 'postgres://weighbridge@127.0.0.1/weighbridge' });
 * await store.start();
 */
export function createPostgresStore({
  url,
  ...given
}: StoreOptions & {
  /** `postgres://user:password@host:port/database`; tested with PostgreSQL 15 and 18. */
  url: string;
}): Store {
  return new PostgresStore(serverDatabase(url), resolveOptions(given));
}
