import { type Readable, Transform } from 'node:stream';
import { formatBytes, formatSpan } from '../terminal/format.ts';
import type { Progress } from '../terminal/progress.ts';

/** Counts what goes by. */
export class ByteMeter implements Progress {
  bytes = 0;

  count(stream: Readable): Readable {
    const meter = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.bytes += chunk.length;
        done(null, chunk);
      },
    });
    // What ends the one ends the other.
    stream.on('error', (error) => meter.destroy(error));
    return stream.pipe(meter);
  }
}

/** How far a run over many files is. */
export interface EachCounts {
  submitted: number;
  succeeded: number;
  failed: number;
  readonly uploads: ByteMeter;
  readonly downloads: ByteMeter;
}

const barWidth = 20;

/** The line of a run that is under way. */
export function formatProgress(counts: EachCounts, total: number, seconds: number): string {
  const done = counts.succeeded + counts.failed;
  const filled = Math.floor((barWidth * done) / total);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const parts = [`${done} of ${total} files`];
  if (counts.failed > 0) parts.push(`${counts.failed} failed`);
  if (done > 0) parts.push(formatRate(done, seconds));
  const bytes = counts.uploads.bytes + counts.downloads.bytes;
  if (bytes > 0) parts.push(`${formatBytes(Math.round(bytes / Math.max(0.1, seconds)))}/s`);
  if (done > 0 && done < total) parts.push(`${formatSpan((seconds / done) * (total - done))} left`);
  return `${bar} ${Math.floor((100 * done) / total)} %  ${parts.join(', ')}`;
}

/** What a run came to: one sentence. */
export function formatSummary(counts: EachCounts, total: number, seconds: number): string {
  const { succeeded, failed, uploads, downloads } = counts;
  const files = `${total} ${total === 1 ? 'file' : 'files'}`;
  const moved = `${formatBytes(uploads.bytes)} uploaded, ${formatBytes(downloads.bytes)} fetched`;
  return `${files}: ${succeeded} succeeded, ${failed} failed; ${formatSpan(seconds)} (${formatRate(succeeded + failed, seconds)}); ${moved}`;
}

function formatRate(files: number, seconds: number): string {
  const rate = files / Math.max(0.001, seconds);
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} files/s`;
}
