import { ProblemError } from '@weighbridge/protocol';
import type { ByteRange } from '../../blobs/blob-folder.ts';

/**
 * The one range that a `Range` header asks for (RFC 9110, section 14); `undefined` where the whole is to be
 * sent: no header, another unit, or several ranges.
 *
 * @throws ProblemError `range-not-satisfiable`.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,16})-(\d{0,16})$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const range =
    match[1] === '' ? lastBytes(Number(match[2]), sizeBytes) : fromTo(Number(match[1]), match[2] ?? '', sizeBytes);
  if (range === undefined) return undefined;
  if (range.start >= sizeBytes) {
    throw new ProblemError(
      'range-not-satisfiable',
      `the range must begin within the blob's ${sizeBytes} bytes, got ${header}`,
    );
  }
  return range;
}

function lastBytes(count: number, sizeBytes: number): ByteRange {
  return count === 0
    ? { start: sizeBytes, end: sizeBytes }
    : { start: Math.max(0, sizeBytes - count), end: sizeBytes - 1 };
}

// An end before its start makes the header invalid, and an invalid one is ignored.
function fromTo(start: number, end: string, sizeBytes: number): ByteRange | undefined {
  const last = end === '' ? sizeBytes - 1 : Math.min(Number(end), sizeBytes - 1);
  return end !== '' && Number(end) < start ? undefined : { start, end: last };
}
