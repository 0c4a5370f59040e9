import { type Readable, Transform } from 'node:stream';
import { formatBytes } from './format.ts';
import { StatusLine } from './status-line.ts';

/** Shows how far a transfer is. */
export interface Progress {
  /** Passes a stream through and shows what went by. */
  count(stream: Readable, label: string, totalBytes: number): Readable;
}

/** Progress on a terminal's standard error; nothing where that is a file or a pipe. */
export function createProgress(out: NodeJS.WriteStream = process.stderr, now = Date.now): Progress {
  if (!out.isTTY) return { count: (stream) => stream };
  return { count: (stream, label, totalBytes) => stream.pipe(meter(new StatusLine(out, now), label, totalBytes, now)) };
}

function meter(line: StatusLine, label: string, totalBytes: number, now: () => number): Transform {
  const beganMs = now();
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      line.show(() => `${label}  ${formatTransferred(bytes, totalBytes, (now() - beganMs) / 1000)}`);
      done(null, chunk);
    },
    final(done) {
      line.clear();
      done();
    },
  });
}

/** How far it is and how fast: `40 %  (4.0 MB of 10.0 MB, 2.0 MB/s)`. */
function formatTransferred(bytes: number, totalBytes: number, seconds: number): string {
  const percent = totalBytes === 0 ? 100 : Math.floor((bytes / totalBytes) * 100);
  const rate = seconds > 0 ? `, ${formatBytes(Math.round(bytes / seconds))}/s` : '';
  return `${percent} %  (${formatBytes(bytes)} of ${formatBytes(totalBytes)}${rate})`;
}
