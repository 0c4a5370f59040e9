import { readPm2 } from '../aggregate/role.ts';
import { builtin } from '../builtin.ts';
import type { Address } from '../listener/listener-server.ts';
import { type ResolvedMonitorOptions, resolveOptions } from '../options.ts';
import { readManifest } from '../routes/manifest.ts';

/** What the environment says. */
export interface Settings {
  /** What the page calls this service. */
  readonly serviceName: string;
  readonly prefix: string;
  readonly maxEndpoints: number;
  /** Templates, whatever the framework. */
  readonly endpoints: readonly string[];
  /** Where our own listener is; `undefined` for nowhere. */
  readonly listen: Address | undefined;
  /** Whether our own listener is counted as well. */
  readonly countItself: boolean;
  /** Where the page is isn't told. */
  readonly isQuiet: boolean;
}

/** Longer names are cut: it stands in a title. */
const maxServiceName = 100;
const defaultListen: Address = Object.freeze({ host: '127.0.0.1', port: 9465 });

/**
 * Reads `WEIGHBRIDGE_SERVICE` (else OpenTelemetry's `OTEL_SERVICE_NAME`, else
 * pm2's or the package's name), `WEIGHBRIDGE_PREFIX`, `WEIGHBRIDGE_MAX_ENDPOINTS`, `WEIGHBRIDGE_ENDPOINTS` (templates, parted by spaces),
 * `WEIGHBRIDGE_METRICS_LISTEN` (`host:port`, or `off`), `WEIGHBRIDGE_COUNT_ITSELF` (`1`) and `WEIGHBRIDGE_QUIET`
 * (`1`). A bad value is told and its default taken: an application is not stopped by its monitor.
 */
export function resolveSettings(given: NodeJS.ProcessEnv, warn: (message: string) => void): Settings {
  const pm2 = readPm2(given.pm2_env);
  const env = { ...given, ...pm2 };
  return Object.freeze({
    serviceName: findServiceName(env, pm2.name),
    prefix: resolveOption('WEIGHBRIDGE_PREFIX', 'prefix', env, warn, (text) => text),
    maxEndpoints: resolveOption('WEIGHBRIDGE_MAX_ENDPOINTS', 'maxEndpoints', env, warn, Number),
    endpoints: resolveEndpoints(env, warn),
    listen: resolveListen(env.WEIGHBRIDGE_METRICS_LISTEN, warn),
    countItself: env.WEIGHBRIDGE_COUNT_ITSELF === '1',
    isQuiet: env.WEIGHBRIDGE_QUIET === '1',
  });
}

function findServiceName(env: NodeJS.ProcessEnv, pm2Name: string | undefined): string {
  const given = env.WEIGHBRIDGE_SERVICE || env.OTEL_SERVICE_NAME || pm2Name;
  if (given) return given.slice(0, maxServiceName);
  const [, file = ''] = process.argv;
  const { name } = readManifest(file);
  return (typeof name === 'string' && name) || builtin('node:path').basename(file) || 'node';
}

/** An option of the monitor's from a variable; its default where the option's rule is broken. */
function resolveOption<Name extends 'prefix' | 'maxEndpoints'>(
  variable: string,
  option: Name,
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void,
  parse: (text: string) => ResolvedMonitorOptions[Name],
): ResolvedMonitorOptions[Name] {
  const text = env[variable];
  try {
    // An empty prefix is one.
    const isGiven = text !== undefined && (text !== '' || option === 'prefix');
    return resolveOptions(isGiven ? { [option]: parse(text) } : {})[option];
  } catch (error) {
    const fallback = resolveOptions()[option];
    warn(`weighbridge: ${variable}: ${(error as Error).message}; '${fallback}' is taken`);
    return fallback;
  }
}

function resolveEndpoints({ WEIGHBRIDGE_ENDPOINTS }: NodeJS.ProcessEnv, warn: (message: string) => void): string[] {
  const endpoints = WEIGHBRIDGE_ENDPOINTS?.split(/\s+/).filter((template) => template !== '') ?? [];
  try {
    resolveOptions({ endpoints });
    return endpoints;
  } catch (error) {
    warn(`weighbridge: WEIGHBRIDGE_ENDPOINTS: ${(error as Error).message}; none is taken`);
    return [];
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
