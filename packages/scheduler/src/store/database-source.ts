import { OptionError, StartError, StoreUnavailableError } from '../errors.ts';
import { EmbeddedServer } from './embedded/embedded-server.ts';
import type { Store } from './store.ts';

/** Where a store's database comes from. */
export interface DatabaseSource {
  readonly kind: Store['kind'];
  /** Takes what must be held while the store is open, and gives the database's URL. */
  open(): Promise<string>;
  close(): Promise<void>;
  /** What a failed start is called. */
  explain(error: unknown): StartError;
}

/** A server of our own in a data folder, which starts and ends with the store. */
export function embeddedDatabase(dataDir: string, onError: (error: unknown) => void): DatabaseSource {
  let server: EmbeddedServer | undefined;
  return {
    kind: 'embedded',
    async open() {
      server = new EmbeddedServer({ dataDir, onError });
      return server.start();
    },
    async close() {
      await server?.stop();
      server = undefined;
    },
    explain: (error) =>
      new StartError({ code: 'store-broken', path: dataDir, reason: reasonOf(error) }, { cause: error }),
  };
}

/** A server that someone else runs. */
export function serverDatabase(url: string): DatabaseSource {
  return {
    kind: 'postgresql',
    async open() {
      if (/^postgres(ql)?:\/\//.test(url) && isReadable(url)) return url;
      // The value may hold a password, so it is not repeated.
      throw new OptionError('store.url must be like postgres://user@host/database');
    },
    close: async () => undefined,
    explain: (error) =>
      new StartError(
        { code: 'store-unreachable', address: formatAddress(url), reason: reasonOf(error) },
        { cause: error },
      ),
  };
}

// libpq takes a URL without a host, and then a socket's folder as a parameter; Node's URL wants a host.
const withHost = (url: string) => url.replace(/^([a-z]+:\/\/(?:[^@/?]*@)?)(?=[/?]|$)/, '$1socket');
const isReadable = (url: string) => URL.canParse(withHost(url));

/** Host and database, without user and password. */
function formatAddress(url: string): string {
  const { host, pathname } = new URL(withHost(url));
  return `${host}${pathname}`;
}

function reasonOf(error: unknown): string {
  const { message, code, cause } = error as { message?: string; code?: string; cause?: unknown };
  if (error instanceof StoreUnavailableError && cause) return reasonOf(cause);
  return message || code || 'no reason was given';
}
