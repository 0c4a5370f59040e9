import { readFile } from 'node:fs/promises';
import type { JobSubmission } from '@weighbridge/protocol';

/** What the attempts of a job have written into a file outside of the product. */
export interface JournalEntry {
  /** Its `WEIGHBRIDGE_ATTEMPT`. */
  readonly attempt: string;
  /** From its first line to its last, in ms since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly hasEnded: boolean;
}

const tickSeconds = 0.1;

/** A job that writes a line at its start, ten a second while it runs, and one at its end. */
export function journalJob(path: string, seconds: number): JobSubmission {
  const line = (what: string) => `echo "$WEIGHBRIDGE_ATTEMPT ${what} $(date +%s%3N)" >> "$JOURNAL"`;
  const script = `${line('start')}; i=0
    while [ $i -lt ${Math.round(seconds / tickSeconds)} ]; do sleep ${tickSeconds}; ${line('tick')}; i=$((i+1)); done
    ${line('end')}`;
  return { command: 'sh', args: ['-c', script], env: { JOURNAL: path } };
}

/** The attempts in the order of their starts. */
export async function readJournal(path: string): Promise<JournalEntry[]> {
  const lines = (await readFile(path, 'utf8').catch(() => '')).trim().split('\n').filter(Boolean);
  const words = lines.map((line) => line.split(' ') as [attempt: string, what: string, ms: string]);
  return [...Map.groupBy(words, ([attempt]) => attempt)].map(([attempt, own]) => ({
    attempt,
    firstMs: Number(own[0]?.[2]),
    lastMs: Number(own.at(-1)?.[2]),
    hasEnded: own.some(([, what]) => what === 'end'),
  }));
}

/** By how much any two attempts ran at once, in ms. */
export function computeOverlapMs(entries: readonly JournalEntry[]): number {
  const sorted = entries.toSorted((a, b) => a.firstMs - b.firstMs);
  const overlaps = sorted.slice(1).map((entry, i) => (sorted[i]?.lastMs ?? 0) - entry.firstMs);
  return Math.max(0, ...overlaps);
}
