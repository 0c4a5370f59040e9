import { setTimeout as wait } from 'node:timers/promises';
import {
  type Client,
  type EndedJobState,
  type Job,
  type LogChunk,
  type LogFilter,
  UnreachableError,
} from '@weighbridge/protocol';
import { FailedError } from './errors.ts';

/** A master that restarts is back within this, or the command fails. */
const reconnectTries = 30;
const reconnectMs = 1000;

/**
 * Follows a job's log until the job has ended, over restarts of the master and connections that break off: each goes on where
 * the one before has ended. Gives the job's state.
 *
 * @throws FailedError when the master does not come back.
 */
export async function followJob(
  client: Client,
  id: string,
  onChunk: (chunk: LogChunk) => void,
  filter: LogFilter = {},
): Promise<EndedJobState> {
  let { after } = filter;
  let failed = 0;
  for (;;) {
    try {
      for await (const event of client.followLogs(id, { ...filter, ...(after !== undefined && { after }) })) {
        failed = 0;
        if (event.type === 'end') return event.state;
        after = event.chunk.sequence;
        onChunk(event.chunk);
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    failed += 1;
    if (failed > reconnectTries) throw incomplete();
    await wait(reconnectMs);
  }
}

/** The same, and the ended job. */
export async function waitForJob(client: Client, id: string, onChunk: (chunk: LogChunk) => void): Promise<Job> {
  await followJob(client, id, onChunk);
  for (let failed = 0; ; failed++) {
    try {
      return await client.job(id);
    } catch (error) {
      if (!isPassing(error) || failed === reconnectTries) throw error;
    }
    await wait(reconnectMs);
  }
}

function incomplete(): FailedError {
  const seconds = (reconnectTries * reconnectMs) / 1000;
  return new FailedError(
    `the log is incomplete: the connection to the master broke off, and none came about for ${seconds} s`,
  );
}

/** A stream that breaks off is a TypeError of fetch. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof UnreachableError || error instanceof TypeError || (error as { status?: number }).status === 503
  );
}
