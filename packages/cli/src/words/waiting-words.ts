import type { WaitingFor } from '@weighbridge/protocol';

/** What a job waits for, with its time as the reader's clock shows it: `until 08:00`, `until 3 Dec, 08:00`. */
export function formatWaiting({ detail, until }: WaitingFor, now = new Date()): string {
  return until === undefined ? detail : `until ${formatMoment(new Date(until), now)}`;
}

function formatMoment(at: Date, now: Date): string {
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  // Close ones to the second: a retry may be tried again in five.
  if (at.getTime() - now.getTime() < 60_000) return `${time}:${pad(at.getSeconds())}`;
  if (at.toDateString() === now.toDateString()) return time;
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const };
  return `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year })}, ${time}`;
}

const pad = (part: number) => String(part).padStart(2, '0');
