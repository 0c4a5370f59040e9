import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import { EndpointTemplates } from './routes/endpoint-templates.ts';

/** What `monitorBandwidth` takes; everything has a default. */
export interface MonitorOptions {
  /** Before every metric's name, taken literally. Default `weighbridge_`. */
  prefix?: string;
  /** Which servers: all of the process (default), or these. */
  servers?: 'all' | readonly Server[];
  /**
   * Maximum number of pairs of method and endpoint with series of their own, 1 to 100,000; a tenth of the places is kept
   * for the busiest, the rest is `_other`. Default 500.
   */
  maxEndpoints?: number;
  /** How often open connections are sampled, in ms, 100 to 60,000. Default 1,000. */
  sampleIntervalMs?: number;
  /**
   * Names the client (tenant, API key's name; never the key) of a request, for `<p>http_client_bytes_total`.
   * `undefined` or an empty name: none. Longer than 200 characters: `_other`.
   */
  clientOf?: (request: IncomingMessage) => string | undefined;
  /** Maximum number of clients with a series of their own, 1 to 10,000; the busiest are chosen. Default 50. */
  maxClients?: number;
  /** Another name and label for the client family, e.g. a scheduler's nodes. */
  clientMetric?: { name: string; label: string };
  /**
   * Names the endpoint of a request: a template, never a raw path. It goes before what the framework knows; `undefined`
   * leaves it to the framework.
   */
  endpointOf?: (request: IncomingMessage) => string | undefined;
  /**
   * Templates such as `/blobs/:id` and `/files/*`, at most 1,000, for requests whose paths they fit, whatever the
   * framework. Default none.
   */
  endpoints?: readonly string[];
  /** Where warnings go. Default `console.warn`. */
  warn?: (message: string) => void;
}

export interface ResolvedMonitorOptions {
  readonly prefix: string;
  readonly servers: 'all' | readonly Server[];
  readonly maxEndpoints: number;
  readonly sampleIntervalMs: number;
  readonly clientOf: ((request: IncomingMessage) => string | undefined) | undefined;
  readonly maxClients: number;
  readonly clientMetric: { name: string; label: string };
  readonly endpointOf: ((request: IncomingMessage) => string | undefined) | undefined;
  readonly endpoints: EndpointTemplates;
  readonly warn: (message: string) => void;
}

const optionNames = Object.keys({
  prefix: true,
  servers: true,
  maxEndpoints: true,
  sampleIntervalMs: true,
  clientOf: true,
  maxClients: true,
  clientMetric: true,
  endpointOf: true,
  endpoints: true,
  warn: true,
} satisfies Record<keyof MonitorOptions, true>);

/** Fills defaults; throws a `RangeError` that names option, rule and value. */
export function resolveOptions(input: MonitorOptions = {}): ResolvedMonitorOptions {
  refuseUnknown(input);
  const prefix = input.prefix ?? 'weighbridge_';
  if (!/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(prefix)) {
    throw new RangeError(
      `prefix must be empty or a metric name's beginning ([a-zA-Z_:][a-zA-Z0-9_:]*), got '${prefix}'`,
    );
  }
  return Object.freeze({
    prefix,
    servers: input.servers ?? 'all',
    maxEndpoints: wholeNumber('maxEndpoints', input.maxEndpoints ?? 500, 1, 100_000),
    sampleIntervalMs: wholeNumber('sampleIntervalMs', input.sampleIntervalMs ?? 1000, 100, 60_000),
    clientOf: input.clientOf,
    maxClients: wholeNumber('maxClients', input.maxClients ?? 50, 1, 10_000),
    clientMetric: input.clientMetric ?? { name: `${prefix}http_client_bytes_total`, label: 'client' },
    endpointOf: input.endpointOf,
    endpoints: new EndpointTemplates(input.endpoints ?? []),
    warn: input.warn ?? ((message) => console.warn(message)),
  });
}

function wholeNumber(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, got ${value}`);
}

function refuseUnknown(input: MonitorOptions): void {
  const unknown = Object.keys(input).find((name) => !optionNames.includes(name));
  if (unknown === undefined) return;
  const [nearest] = optionNames.toSorted((a, b) => editDistance(unknown, a) - editDistance(unknown, b));
  throw new RangeError(`${unknown} is not an option of the monitor; the nearest is ${nearest}`);
}

/** Least number of letters to insert, delete or replace (Levenshtein). */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] as number) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const [above, left] = [previous[column] as number, current[column - 1] as number];
      current.push(Math.min(replaced, above + 1, left + 1));
    }
    previous = current;
  }
  return previous.at(-1) as number;
}
