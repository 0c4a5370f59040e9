import { setTimeout as wait } from 'node:timers/promises';
import { type Client, isEnded, type Job, type LogChunk, UnreachableError } from '@weighbridge/protocol';

/** A master that restarts is back within this, or the wait fails. */
const reconnectTries = 30;
const reconnectMs = 1000;

/** Follows a job's log until the job has ended, over restarts of the master; returns the ended job. */
export async function waitForJob(client: Client, id: string, onChunk: (chunk: LogChunk) => void): Promise<Job> {
  for (let failed = 0; ; ) {
    try {
      for await (const chunk of client.followLogs(id)) onChunk(chunk);
      const job = await client.job(id);
      if (isEnded(job.state)) return job;
      failed = 0;
    } catch (error) {
      failed += 1;
      if (!isPassing(error) || failed > reconnectTries) throw error;
    }
    await wait(reconnectMs);
  }
}

/** A stream that breaks off is a TypeError of fetch. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof UnreachableError || error instanceof TypeError || (error as { status?: number }).status === 503
  );
}
