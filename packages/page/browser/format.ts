import type { WaitingFor } from '@weighbridge/protocol';

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes for reading: three digits and a decimal unit, `1.23 MB`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  // 999.5 would round to 1000: the next unit reads better.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${units[unit]}`;
}

function threeDigits(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

/** Bytes per second; `–` while there is nothing to compare with. */
export function formatRate(bytesPerSecond: number | undefined): string {
  return bytesPerSecond === undefined ? '–' : `${formatBytes(bytesPerSecond)}/s`;
}

/** Every digit, in groups of three: what the books are checked with. */
export function formatExact(count: number): string {
  // Not Intl: making its formats takes longer than everything else until the first paint.
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** A part of a whole in percent. A part that would read 0 but isn't reads `<0.1 %`. */
export function formatShare(part: number, of: number): string {
  if (of <= 0) return '–';
  const percent = (part / of) * 100;
  if (percent > 0 && percent < 0.05) return '<0.1 %';
  return `${percent.toFixed(1)} %`;
}

/** How long ago, by the largest unit that fits. A clock that runs ahead reads `0 s`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** A moment's time of day where the reader is, `14:03:22`. */
export function formatTime(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

let day: Intl.DateTimeFormat | undefined;

/** A moment, with its day where that isn't today: `14:03:22`, `Nov 28, 14:03:22`. */
export function formatMoment(atMs: number): string {
  const at = new Date(atMs);
  const isToday = at.toDateString() === new Date().toDateString();
  if (isToday) return formatTime(at);
  day ??= new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric' });
  return `${day.format(at)}, ${formatTime(at)}`;
}

/** How long something takes or took: `8 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return join(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  return join(Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'min');
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** What a job waits for, with its time as the reader's clock shows it. */
export function formatWaiting({ detail, until }: WaitingFor): string {
  return until === undefined ? detail : `until ${formatMoment(Date.parse(until))}`;
}
