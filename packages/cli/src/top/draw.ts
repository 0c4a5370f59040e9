import { stripVTControlCharacters, styleText } from 'node:util';
import type { BandwidthTransfers, JobSummary, Node } from '@weighbridge/protocol';
import { formatAge, formatBytes, formatSpan } from '../terminal/format.ts';
import { visible } from '../terminal/output.ts';
import { formatBar, formatSparkline } from './sparkline.ts';
import type { EndpointLine, SortKey, TopState } from './top-state.ts';

/** How a picture of a service is to look. */
export interface TopView {
  readonly columns: number;
  /** Undefined: as many as there is to show. */
  readonly rows: number | undefined;
  readonly sort: SortKey;
  /** Endpoints that were scrolled over. */
  readonly skipped: number;
  readonly hasColour: boolean;
  /** A line of keys below. */
  readonly hasKeys: boolean;
}

/** Lines of each list beside the endpoints, at most. */
const maxOthers = 5;
const rateWidth = 12;
/** Head, the three lines of totals, two blank lines, the endpoints' heading. */
const fixedRows = 8;

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** A service as lines of a terminal, each at most as wide as it. */
export function drawTop(state: TopState, view: TopView): string[] {
  const paint: Paint = (style, text) => (view.hasColour ? styleText(style, text, { validateStream: false }) : text);
  const lists = [drawTransfers(state, paint), drawNodes(state, paint), drawJobs(state, paint)];
  const others = lists.filter((list) => list.length > 0).flatMap((list) => ['', ...list]);
  const keys = view.hasKeys ? [drawKeys(view, paint)] : [];
  const lines = state.sorted(view.sort);
  // The endpoints are what a small terminal shows first.
  const free = view.rows === undefined ? lines.length : view.rows - fixedRows - keys.length;
  const shownOthers = view.rows === undefined ? others : others.slice(0, Math.max(0, free - Math.min(lines.length, 5)));
  const shown = view.rows === undefined ? lines.length : Math.max(0, free - shownOthers.length);
  const drawn = [
    ...drawHead(state, view, paint),
    '',
    drawHeading(view, paint),
    ...drawEndpoints(lines.slice(view.skipped, view.skipped + shown), state, view, paint),
    ...shownOthers,
  ];
  if (view.rows === undefined) return drawn.map((line) => cut(line, view.columns));
  const room = view.rows - keys.length;
  const padded = [...drawn, ...Array.from({ length: Math.max(0, room - drawn.length) }, () => '')].slice(0, room);
  return [...padded, ...keys].map((line) => cut(line, view.columns));
}

function drawHead(state: TopState, { columns }: TopView, paint: Paint): string[] {
  const { service, bandwidth, rates } = state;
  const last = rates.at(-1);
  const totals = state.totals();
  const status = state.lost === undefined ? paint('green', '● live') : paint('red', `● ${visible(state.lost)}`);
  const width = Math.max(0, Math.min(60, columns - 50));
  const line = (name: 'in' | 'out', style: Style) =>
    `${paint(style, name === 'in' ? 'In ' : 'Out')} ${formatRate(last?.[name]).padStart(rateWidth)}  ` +
    `${paint(
      style,
      formatSparkline(
        rates.map((rate) => rate[name]),
        width,
      ),
    )}  ${formatBytes(totals[name])} since the start`;
  return [
    `${paint('bold', 'weighbridge')} ${service ? visible(service.name) : ''}  ${status}  ${bandwidth?.at.slice(11, 19) ?? ''}`,
    '',
    line('in', 'blue'),
    line('out', 'yellow'),
    bandwidth
      ? `Open ${bandwidth.openConnections} connections, ${bandwidth.inFlight} in flight; the books ${bandwidth.balanced ? 'balance to the byte' : 'do not balance'}`
      : 'waiting for the first totals',
  ];
}

function drawHeading({ columns, sort }: TopView, paint: Paint): string {
  const mark = (key: SortKey, text: string) => (key === sort ? `${text} ↓` : text);
  const name = mark('name', 'ENDPOINT').padEnd(nameWidth(columns));
  const numbers = [
    mark('in', 'IN').padStart(10),
    mark('out', 'OUT').padStart(10),
    mark('rate', 'RATE').padStart(rateWidth),
    'SHARE'.padStart(7),
    mark('exchanges', 'EXCHANGES').padStart(11),
  ];
  return paint('dim', name + numbers.join(' '));
}

function drawEndpoints(lines: readonly EndpointLine[], state: TopState, { columns }: TopView, paint: Paint): string[] {
  const totals = state.totals();
  const all = totals.in + totals.out;
  return lines.map(({ method, endpoint, in: bytesIn, out, rate, exchanges }) => {
    const name = cut(`${method.padEnd(6)} ${visible(endpoint)}`, nameWidth(columns) - 1).padEnd(nameWidth(columns));
    const share = all > 0 ? `${(((bytesIn + out) / all) * 100).toFixed(1)} %` : '–';
    const numbers = [
      formatBytes(bytesIn).padStart(10),
      formatBytes(out).padStart(10),
      formatRate(rate).padStart(rateWidth),
      share.padStart(7),
      String(exchanges).padStart(11),
    ];
    const line = name + numbers.join(' ');
    return rate > 0 ? line : paint('dim', line);
  });
}

function nameWidth(columns: number): number {
  return Math.max(16, columns - 56);
}

function drawTransfers({ transfers, ...state }: TopState, paint: Paint): string[] {
  const own = state.service?.ownEndpoints ?? [];
  const shown = transfers
    .filter(({ endpoint }) => endpoint === undefined || !own.includes(endpoint))
    .slice(0, maxOthers);
  if (shown.length === 0) return [];
  return [paint('dim', 'UNDER WAY'), ...shown.map(drawTransfer)];
}

function drawTransfer(transfer: BandwidthTransfers['transfers'][number]): string {
  const { method, endpoint, job, client, rate, secondsLeft } = transfer;
  const isUpload = transfer.in >= transfer.out;
  const soFar = isUpload ? transfer.in : transfer.out;
  const total = isUpload ? transfer.requestLength : transfer.responseLength;
  const who = job !== undefined ? `job ${job.slice(0, 8)}` : (client ?? '');
  const progress =
    total === undefined
      ? formatBytes(soFar)
      : `${formatBar(soFar / total, 10)} ${formatBytes(soFar)} of ${formatBytes(total)}`;
  const left = secondsLeft === undefined ? '' : `${formatSpan(secondsLeft)} left`;
  return `${method.padEnd(6)} ${visible(endpoint ?? 'not known yet').padEnd(28)} ${visible(who).padEnd(14)} ${progress}  ${formatRate(rate)}  ${left}`;
}

function drawNodes({ nodes }: TopState, paint: Paint): string[] {
  if (nodes.length === 0) return [];
  const more = nodes.length > maxOthers ? ` (${maxOthers} of ${nodes.length})` : '';
  return [paint('dim', `NODES${more}`), ...nodes.slice(0, maxOthers).map(drawNode)];
}

function drawNode({ id, state, slots, slotsUsed, queues, lastHeartbeatAt }: Node): string {
  return `${visible(id).padEnd(24)} ${state.padEnd(9)} ${formatBar(slotsUsed / slots, 10)} ${slotsUsed}/${slots}  ${visible(queues.join(','))}  heartbeat ${formatAge(lastHeartbeatAt)} ago`;
}

function drawJobs({ jobs }: TopState, paint: Paint): string[] {
  if (jobs.length === 0) return [];
  return [paint('dim', 'LATEST JOBS'), ...jobs.slice(0, maxOthers).map((job) => drawJob(job, paint))];
}

function drawJob({ id, state, commandLine, bytes, createdAt }: JobSummary, paint: Paint): string {
  const style: Style = state === 'succeeded' ? 'green' : state === 'failed' || state === 'timed_out' ? 'red' : 'cyan';
  return `${id.slice(0, 8)}  ${paint(style, state.padEnd(10))} ${formatBytes(bytes.in).padStart(9)} in ${formatBytes(bytes.out).padStart(9)} out  ${formatAge(createdAt).padStart(6)}  ${visible(commandLine)}`;
}

function drawKeys({ sort }: TopView, paint: Paint): string {
  return paint(
    'dim',
    `q quit   r rate  i in  o out  x exchanges  n name: sorted by ${sort}   ↑ ↓ scroll   space pause`,
  );
}

function formatRate(bytesPerSecond: number | undefined): string {
  return bytesPerSecond === undefined ? '–' : `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** What fits; styles take no place, and a line that is cut has none left open. */
function cut(line: string, columns: number): string {
  const text = stripVTControlCharacters(line);
  if (text.length <= columns) return line;
  return `${text.slice(0, Math.max(0, columns - 1))}…`;
}
