import { type UnattributedReason, unattributedReasons } from '../../snapshot.ts';
import { ListenerError } from '../listener-error.ts';
import type { History, Resolution } from './history.ts';
import type { NamedKey } from './keys.ts';
import type { Point } from './tier.ts';

/** What `GET /bandwidth/history` answers. Times are Unix time in ms, rates bytes per second. */
export interface HistoryJson {
  readonly resolution: Resolution;
  /** When the processes of this service started. */
  readonly starts: readonly number[];
  /** Of a whole service: `[at, lengthMs, in, out, ownIn, ownOut]`, and of minutes the extremes of their seconds. */
  readonly points: readonly (readonly (number | null)[])[];
}

/**
 * Reads `?resolution=second|minute` and one of `&method=&endpoint=`, `&client=`, `&reason=`.
 *
 * @throws ListenerError
 */
export function toHistoryJson(history: History, query: URLSearchParams): HistoryJson {
  const resolution = query.get('resolution') ?? 'second';
  if (resolution !== 'second' && resolution !== 'minute')
    throw new ListenerError(400, `resolution must be second or minute, got '${resolution}'`);
  const key = parseKey(query);
  const points = history.points(resolution);
  return {
    resolution,
    starts: history.starts,
    points: points.map((point) => (key ? toKeyNumbers(history, key, point) : toNumbers(resolution, point))),
  };
}

/** What `GET /bandwidth/window` answers. */
export interface WindowJson {
  readonly from: number;
  readonly to: number;
  readonly resolution: Resolution;
  readonly in: number;
  readonly out: number;
  readonly own: { readonly in: number; readonly out: number };
  /** From here on what follows is complete; before it only the totals are known. */
  readonly knownFrom: number;
  readonly endpoints: { method: string; endpoint: string; in: number; out: number }[];
  readonly clients: { client: string; in: number; out: number }[];
  readonly unattributed: { reason: string; in: number; out: number }[];
}

/**
 * Reads `?from=&to=`, Unix time in ms.
 *
 * @throws ListenerError
 */
export function toWindowJson(history: History, query: URLSearchParams): WindowJson {
  const [fromMs, toMs] = [parseTime(query, 'from'), parseTime(query, 'to')];
  if (fromMs >= toMs) throw new ListenerError(400, `from must be before to, got ${fromMs} and ${toMs}`);
  const { moved, own, byKey, byKeyFromMs, ...window } = history.window(fromMs, toMs);
  const json: WindowJson = {
    from: window.fromMs,
    to: window.toMs,
    resolution: window.resolution,
    ...moved,
    own,
    knownFrom: byKeyFromMs,
    endpoints: [],
    clients: [],
    unattributed: [],
  };
  for (const { kind, ...key } of byKey.sort((a, b) => b.in + b.out - (a.in + a.out))) {
    const list = kind === 'endpoint' ? json.endpoints : kind === 'client' ? json.clients : json.unattributed;
    (list as object[]).push(key);
  }
  return json;
}

function toNumbers(resolution: Resolution, { fromMs, atMs, moved, own, lowest, highest }: Point): number[] {
  const numbers = [atMs, atMs - fromMs, moved.in, moved.out, own.in, own.out];
  if (resolution === 'minute') numbers.push(lowest.in, highest.in, lowest.out, highest.out);
  return numbers;
}

function toKeyNumbers(history: History, key: NamedKey, point: Point): (number | null)[] {
  const moved = history.movedBy(key, point);
  return [point.atMs, point.atMs - point.fromMs, moved?.in ?? null, moved?.out ?? null];
}

function parseKey(query: URLSearchParams): NamedKey | undefined {
  const [method, endpoint, client, reason] = ['method', 'endpoint', 'client', 'reason'].map((name) => query.get(name));
  if (typeof client === 'string') return { kind: 'client', client };
  if (typeof method === 'string' && typeof endpoint === 'string') return { kind: 'endpoint', method, endpoint };
  if (typeof method === 'string' || typeof endpoint === 'string')
    throw new ListenerError(400, 'method and endpoint belong together, got one of them');
  if (typeof reason !== 'string') return undefined;
  if (isReason(reason)) return { kind: 'unattributed', reason };
  throw new ListenerError(400, `reason must be one of ${unattributedReasons.join(', ')}, got '${reason}'`);
}

function isReason(text: string): text is UnattributedReason {
  return unattributedReasons.includes(text as UnattributedReason);
}

function parseTime(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (text !== null && /^\d{1,16}$/.test(text)) return Number(text);
  throw new ListenerError(
    400,
    `${name} must be a time in milliseconds since 1970, got ${text === null ? 'nothing' : `'${text}'`}`,
  );
}
