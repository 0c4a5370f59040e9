import type { TransferCounts } from '@weighbridge/scheduler';
import { formatBytes } from './format.ts';

/** Redrawing more often than this costs more than it tells. */
const redrawMs = 100;

/** Shows how far a transfer is, on a terminal's standard error; nothing where that is a file or a pipe. */
export function createTransferProgress(out: NodeJS.WriteStream = process.stderr, now = Date.now) {
  let drawnAt = 0;
  return {
    show(counts: Readonly<TransferCounts>): void {
      if (!out.isTTY || now() - drawnAt < redrawMs) return;
      drawnAt = now();
      out.write(`\r\u001b[K${formatTransfer(counts)} …`);
    },
    end(): void {
      if (out.isTTY) out.write('\r\u001b[K');
    },
  };
}

/** What was moved, for people. */
export function formatTransfer({ jobs, logChunks, blobs, blobBytes }: Readonly<TransferCounts>): string {
  const chunks = formatCount(logChunks, 'chunk');
  return `${formatCount(jobs, 'job')}, ${chunks} of log, ${formatCount(blobs, 'file')} (${formatBytes(blobBytes)})`;
}

function formatCount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
