import { type Readable, Transform } from 'node:stream';
import { formatBytes } from './format.ts';

/** Shows how far a transfer is. */
export interface Progress {
  /** Passes a stream through and shows what went by. */
  count(stream: Readable, label: string, totalBytes: number): Readable;
}

/** Redrawing more often than this costs more than it tells. */
const redrawMs = 100;

/** Progress on a terminal's standard error; nothing where that is a file or a pipe. */
export function createProgress(out: NodeJS.WriteStream = process.stderr, now = Date.now): Progress {
  if (!out.isTTY) return { count: (stream) => stream };
  return { count: (stream, label, totalBytes) => stream.pipe(meter(out, label, totalBytes, now)) };
}

function meter(out: NodeJS.WritableStream, label: string, totalBytes: number, now: () => number): Transform {
  let bytes = 0;
  let drawnAt = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (now() - drawnAt >= redrawMs) {
        drawnAt = now();
        const percent = totalBytes === 0 ? 100 : Math.floor((bytes / totalBytes) * 100);
        out.write(`\r\u001b[K${label}  ${percent} %  (${formatBytes(bytes)} of ${formatBytes(totalBytes)})`);
      }
      done(null, chunk);
    },
    final(done) {
      out.write('\r\u001b[K');
      done();
    },
  });
}
