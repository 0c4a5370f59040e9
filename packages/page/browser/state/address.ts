/** What the page shows: each has an address of its own. */
export type View =
  | { readonly name: 'overview' }
  | { readonly name: 'endpoint'; readonly method: string; readonly endpoint: string }
  | { readonly name: 'client'; readonly client: string }
  | { readonly name: 'node'; readonly node: string }
  | { readonly name: 'job'; readonly job: string }
  | { readonly name: 'queue'; readonly queue: string }
  | { readonly name: 'unattributed' };

/** A stretch of time, Unix time in ms. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export type Span = 'quarter' | 'day';

/** All that the page's URL says. */
export interface Address {
  readonly view: View;
  /** How much time the chart shows: 15 minutes or 24 hours. */
  readonly span: Span;
  readonly window: TimeWindow | undefined;
  /** Text that endpoints, clients and jobs are filtered by. */
  readonly filter: string;
  /** A column's name; with `-` before it from the highest on. */
  readonly sort: string;
  /** The page's own traffic is shown as well. */
  readonly withOwn: boolean;
  /** Endpoints without traffic are shown as well. */
  readonly withIdle: boolean;
  /** More than the busiest hundred. */
  readonly showsAll: boolean;
}

const defaultSort = '-share';

/** Reads the page's URL; what it can't mean is left out. */
export function parseAddress(search: string): Address {
  const query = new URLSearchParams(search);
  const fromMs = Number(query.get('from'));
  const toMs = Number(query.get('to'));
  return {
    view: parseView(query),
    span: query.get('span') === 'day' ? 'day' : 'quarter',
    window: fromMs > 0 && toMs > fromMs ? { fromMs, toMs } : undefined,
    filter: query.get('filter') ?? '',
    sort: query.get('sort') ?? defaultSort,
    withOwn: query.has('own'),
    withIdle: query.has('idle'),
    showsAll: query.has('all'),
  };
}

/** The URL of an address, `/` and what differs from the default. */
export function formatAddress(address: Address): string {
  const { name, ...view } = address.view;
  const query = new URLSearchParams();
  if (name !== 'overview') query.set('view', name);
  for (const [key, value] of Object.entries(view)) query.set(key, value);
  if (address.span === 'day') query.set('span', 'day');
  if (address.window) {
    query.set('from', String(Math.round(address.window.fromMs)));
    query.set('to', String(Math.round(address.window.toMs)));
  }
  if (address.filter !== '') query.set('filter', address.filter);
  if (address.sort !== defaultSort) query.set('sort', address.sort);
  for (const [key, isSet] of [
    ['own', address.withOwn],
    ['idle', address.withIdle],
    ['all', address.showsAll],
  ] as const)
    if (isSet) query.set(key, '');
  const text = query.toString().replaceAll(/=(?=&|$)/g, '');
  return text === '' ? '/' : `/?${text}`;
}

/** Another view at the same time and window. */
export function withView(address: Address, view: View): Address {
  return { ...address, view, filter: '', showsAll: false };
}

function parseView(query: URLSearchParams): View {
  const name = query.get('view');
  const get = (key: string) => query.get(key) ?? '';
  if (name === 'unattributed') return { name };
  if (name === 'endpoint' && query.has('endpoint')) return { name, method: get('method'), endpoint: get('endpoint') };
  if (name === 'client' && query.has('client')) return { name, client: get('client') };
  if (name === 'node' && query.has('node')) return { name, node: get('node') };
  if (name === 'job' && query.has('job')) return { name, job: get('job') };
  if (name === 'queue' && query.has('queue')) return { name, queue: get('queue') };
  return { name: 'overview' };
}
