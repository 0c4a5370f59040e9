import type { Client, Job } from '@weighbridge/protocol';
import { waitForJob } from './follow-job.ts';
import { LogGaps, printLogChunk } from './job-logs.ts';
import { noteWaiting } from './waiting-notes.ts';

/** Prints what a job waits for, then its log as it comes, and gives the ended job. `isQuiet`: prints nothing. */
export async function watchJob(client: Client, id: string, { isQuiet = false } = {}): Promise<Job> {
  if (isQuiet) return waitForJob(client, id, () => undefined);
  const gaps = new LogGaps();
  const waiting = noteWaiting(client, id);
  try {
    return await waitForJob(client, id, (chunk) => {
      waiting.stop();
      printLogChunk(chunk, gaps.take(chunk));
    });
  } finally {
    waiting.stop();
  }
}
