import { resolve } from 'node:path';
import { OptionError } from '../../errors.ts';
import { type BodyRate, minimumBodyRate } from '../http/slow-bodies.ts';
import { isLoopback, parseAddress } from './address.ts';

/** Where jobs are kept: PostgreSQL of its own, as a child process, or a server's. */
export type StoreChoice = { readonly kind: 'embedded' } | { readonly kind: 'postgresql'; readonly url: string };

/** What a master may be told. */
export interface MasterOptions {
  /** API and live page; `127.0.0.1:8080`. IPv6 in brackets, port 0 is any free one. */
  listen?: string | undefined;
  /** `/metrics`, `/metrics/bandwidth`, `/health`; `127.0.0.1:9090`. */
  metricsListen?: string | undefined;
  /** Blobs, the token and the embedded store; `./data`. */
  dataDir?: string | undefined;
  /** `{ kind: 'embedded' }`. */
  store?: StoreChoice | undefined;
  /** The bearer token; made at the first start and kept in `DIR/token` when absent. */
  token?: string | undefined;
  /** Commands that this master takes; any when absent, as the workers have lists of their own. */
  allow?: readonly string[] | undefined;
  /** Bytes of the data folder's disk that stay free: below them submissions, logs and blobs are refused; 256 MB. */
  reserveBytes?: number | undefined;
  /** What the files of all jobs may have together, in bytes; no limit but the disk's when absent. */
  maxBlobBytes?: number | undefined;
  /** How long a job that has ended is kept, with its log, and its files a day longer; 30 days, at least an hour. */
  keepJobsSeconds?: number | undefined;
  /** Connections to the API that may be open at a time; 4000. */
  maxConnections?: number | undefined;
  /** The same from one address, of IPv6 from one /64; 1000. No limit with `tlsTerminatedUpstream`: all come from there. */
  maxConnectionsPerAddress?: number | undefined;
  /** How slowly a request's body may come; at least 1,000 bytes a second, averaged over 10 s. */
  bodyRate?: BodyRate | undefined;
  /** Something in front speaks TLS, so `listen` may be beyond loopback. */
  tlsTerminatedUpstream?: boolean | undefined;
  /** `listen` may be beyond loopback without TLS. */
  insecure?: boolean | undefined;
}

/** {@link MasterOptions}, complete and checked. */
export interface ResolvedMasterOptions {
  readonly listen: string;
  readonly metricsListen: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly store: StoreChoice;
  readonly token: string | undefined;
  readonly allow: readonly string[] | undefined;
  readonly reserveBytes: number;
  readonly maxBlobBytes: number | undefined;
  readonly keepJobsSeconds: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly bodyRate: BodyRate;
  readonly tlsTerminatedUpstream: boolean;
  readonly insecure: boolean;
}

const names: readonly (keyof MasterOptions)[] = [
  'listen',
  'metricsListen',
  'dataDir',
  'store',
  'token',
  'allow',
  'reserveBytes',
  'maxBlobBytes',
  'keepJobsSeconds',
  'maxConnections',
  'maxConnectionsPerAddress',
  'bodyRate',
  'tlsTerminatedUpstream',
  'insecure',
];

/**
 * Fills in defaults and checks every rule.
 *
 * @throws OptionError naming option, rule and value.
 * @example
 * resolveMasterOptions({ listen: '127.0.0.1:0', dataDir: '/var/lib/weighbridge' });
 */
export function resolveMasterOptions(input: MasterOptions = {}): ResolvedMasterOptions {
  for (const name of Object.keys(input)) {
    if (!names.includes(name as keyof MasterOptions)) throw new OptionError(`${name} is not an option of the master`);
  }
  const listen = input.listen ?? '127.0.0.1:8080';
  const metricsListen = input.metricsListen ?? '127.0.0.1:9090';
  const tlsTerminatedUpstream = resolveFlag('tlsTerminatedUpstream', input.tlsTerminatedUpstream);
  const insecure = resolveFlag('insecure', input.insecure);
  parseAddress('metricsListen', metricsListen);
  checkDistinct(listen, metricsListen);
  checkReach(listen, tlsTerminatedUpstream || insecure);
  return Object.freeze({
    listen,
    metricsListen,
    dataDir: resolveDataDir(input.dataDir ?? './data'),
    store: resolveStore(input.store ?? { kind: 'embedded' }),
    token: resolveToken(input.token),
    allow: resolveAllow(input.allow),
    reserveBytes: resolveBytes('reserveBytes', input.reserveBytes ?? 256_000_000),
    maxBlobBytes: input.maxBlobBytes === undefined ? undefined : resolveBytes('maxBlobBytes', input.maxBlobBytes),
    keepJobsSeconds: resolveKept(input.keepJobsSeconds ?? 30 * 86_400),
    maxConnections: resolveCount('maxConnections', input.maxConnections ?? 4000),
    maxConnectionsPerAddress: resolveCount('maxConnectionsPerAddress', input.maxConnectionsPerAddress ?? 1000),
    bodyRate: input.bodyRate ?? minimumBodyRate,
    tlsTerminatedUpstream,
    insecure,
  });
}

function checkDistinct(listen: string, metricsListen: string): void {
  if (listen !== metricsListen || listen.endsWith(':0')) return;
  throw new OptionError(
    `metricsListen (--metrics-listen) must not be the address of listen (--listen), got ${listen} for both`,
  );
}

// Whoever reaches the API runs commands on the workers, and its token would cross the network readable.
function checkReach(listen: string, accepted: boolean): void {
  if (accepted || isLoopback(parseAddress('listen', listen))) return;
  throw new OptionError(
    `listen must be a loopback address unless tlsTerminatedUpstream (--tls-terminated-upstream) or insecure (--insecure) is set, because the API runs commands and speaks no TLS itself, got ${JSON.stringify(listen)}`,
  );
}

function resolveFlag(name: string, value: unknown): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    throw new OptionError(`${name} must be true or false, got ${JSON.stringify(value)}`);
  return value ?? false;
}

function resolveCount(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 1_000_000) return value;
  throw new OptionError(`${name} must be an integer from 1 to 1000000, got ${JSON.stringify(value)}`);
}

function resolveKept(value: unknown): number {
  if (typeof value === 'number' && value >= 3600 && value <= 3650 * 86_400) return value;
  throw new OptionError(
    `keepJobsSeconds must be 3600 (an hour) to ${3650 * 86_400} (ten years), got ${JSON.stringify(value)}`,
  );
}

function resolveBytes(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new OptionError(`${name} must be a number of bytes, got ${JSON.stringify(value)}`);
}

function resolveDataDir(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new OptionError(`dataDir must be a folder's path, got ${JSON.stringify(value)}`);
  }
  return resolve(value);
}

function resolveStore(store: StoreChoice): StoreChoice {
  if (store.kind === 'embedded') return Object.freeze({ kind: 'embedded' });
  if (store.kind !== 'postgresql')
    throw new OptionError(
      `store.kind must be embedded or postgresql, got ${JSON.stringify((store as { kind: unknown }).kind)}`,
    );
  // The value may hold a password, so it is not repeated.
  if (!/^postgres(ql)?:\/\//.test(store.url))
    throw new OptionError('store.url (--database-url) must begin with postgres:// or postgresql://');
  return Object.freeze({ kind: 'postgresql', url: store.url });
}

function resolveToken(token: unknown): string | undefined {
  if (token === undefined) return undefined;
  // The value is a secret, so only its length is told.
  if (typeof token !== 'string' || !/^[\x21-\x7e]{8,512}$/.test(token)) {
    const got = typeof token === 'string' ? `${token.length} characters` : typeof token;
    throw new OptionError(`token must be 8 to 512 printable ASCII characters without spaces, got ${got}`);
  }
  return token;
}

function resolveAllow(allow: unknown): readonly string[] | undefined {
  if (allow === undefined) return undefined;
  if (!Array.isArray(allow) || allow.some((command) => typeof command !== 'string' || command === '')) {
    throw new OptionError(`allow must be a list of commands, got ${JSON.stringify(allow)}`);
  }
  return Object.freeze([...(allow as string[])]);
}
