import type { TransferCounts } from '@weighbridge/scheduler';
import { formatBytes } from './format.ts';
import { StatusLine } from './status-line.ts';

/** Shows how far a transfer is, on a terminal's standard error; nothing where that is a file or a pipe. */
export function createTransferProgress(line = new StatusLine()) {
  return {
    show: (counts: Readonly<TransferCounts>) => line.show(() => `${formatTransfer(counts)} …`),
    end: () => line.clear(),
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
