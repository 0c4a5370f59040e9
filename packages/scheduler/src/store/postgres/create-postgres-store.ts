import { StartError, StoreUnavailableError } from '../../errors.ts';
import { type Engine, QueueStore } from '../queue-store.ts';
import type { Store } from '../store.ts';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`; PostgreSQL 13 or newer. */
  url: string;
  /** Told what failed in the background; the store tries again by itself. Default: nothing is said. */
  onError?: (error: unknown) => void;
}

/**
 * A store on a PostgreSQL server, which several masters may share.
 *
 * @example
 * const store = createPostgresStore({ url: 'postgres://weighbridge@127.0.0.1/weighbridge' });
 * await store.start();
 */
export function createPostgresStore({ url, onError = () => undefined }: PostgresStoreOptions): Store {
  return new QueueStore(postgresEngine(url), onError);
}

/** Host and database, without the password. */
function address(url: string): string {
  const { host, pathname } = new URL(url);
  return `the PostgreSQL database at ${host}${pathname} can't be used`;
}

function reasonOf(error: unknown): string {
  const { message, code, cause } = error as { message?: string; code?: string; cause?: unknown };
  if (error instanceof StoreUnavailableError && cause) return reasonOf(cause);
  return message || code || 'no reason was given';
}

function postgresEngine(url: string): Engine {
  return {
    kind: 'postgresql',
    durable: true,
    async open() {
      if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
        throw new StartError(
          'store-unreachable',
          'the database URL must be like postgres://user@host/database; see --database-url',
        );
      }
      return { connectionString: url, max: 10, application_name: 'weighbridge', connectionTimeoutMillis: 5000 };
    },
    close: async () => undefined,
    explain: (error) =>
      new StartError('store-unreachable', `${address(url)}: ${reasonOf(error)}; see --database-url`, { cause: error }),
  };
}
