import { resolveOptions } from '../options.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What the environment says. */
export interface Settings {
  readonly prefix: string;
  /** Where our own listener is; `undefined` for nowhere. */
  readonly listen: Address | undefined;
  /** Whether our own listener is counted as well. */
  readonly countItself: boolean;
}

const defaultListen: Address = Object.freeze({ host: '127.0.0.1', port: 9465 });

/**
 * Reads `WEIGHBRIDGE_PREFIX`, `WEIGHBRIDGE_METRICS_LISTEN` (`host:port`, or `off`) and `WEIGHBRIDGE_COUNT_ITSELF`
 * (`1`). A bad value is told and its default taken: an application is not stopped by its monitor.
 */
export function resolveSettings(given: NodeJS.ProcessEnv, warn: (message: string) => void): Settings {
  const env = { ...given, ...readPm2(given.pm2_env) };
  return Object.freeze({
    prefix: resolvePrefix(env.WEIGHBRIDGE_PREFIX, warn),
    listen: resolveListen(env.WEIGHBRIDGE_METRICS_LISTEN, warn),
    countItself: env.WEIGHBRIDGE_COUNT_ITSELF === '1',
  });
}

/** pm2 gives a cluster's worker its environment as JSON in one variable, and unpacks it later than we are loaded. */
function readPm2(packed: string | undefined): NodeJS.ProcessEnv {
  try {
    return packed === undefined ? {} : JSON.parse(packed);
  } catch {
    return {};
  }
}

function resolvePrefix(given: string | undefined, warn: (message: string) => void): string {
  try {
    return resolveOptions(given === undefined ? {} : { prefix: given }).prefix;
  } catch (error) {
    const { prefix } = resolveOptions();
    warn(`weighbridge: WEIGHBRIDGE_PREFIX: ${(error as Error).message}; '${prefix}' is taken`);
    return prefix;
  }
}

function resolveListen(given: string | undefined, warn: (message: string) => void): Address | undefined {
  if (given === undefined || given === '') return defaultListen;
  if (given === 'off') return undefined;
  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(given) ?? [];
  const port = Number(digits);
  const host = six ?? four;
  if (host !== undefined && port <= 65_535) return { host, port };
  warn(
    `weighbridge: WEIGHBRIDGE_METRICS_LISTEN must be host:port, such as 127.0.0.1:9465, or off, got '${given}'; ${formatAddress(defaultListen)} is taken`,
  );
  return defaultListen;
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
