import { setTimeout as wait } from 'node:timers/promises';
import type { Client, EndedJobState, Job, LogChunk, LogFilter } from '@weighbridge/protocol';
import { FailedError } from '../errors.ts';
import { isPassing, persist } from './persist.ts';

/** How a connection that breaks off is made again. */
interface Pace {
  /** So many failures in a row are too many: a master that restarts is back by then. */
  readonly tries: number;
  readonly pauseMs: number;
  /** A connection that lasted so long has not failed, though a quiet job said nothing on it. */
  readonly steadyMs: number;
}

const defaultPace: Pace = Object.freeze({ tries: 30, pauseMs: 1000, steadyMs: 10_000 });

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
  pace = defaultPace,
): Promise<EndedJobState> {
  let { after } = filter;
  let failed = 0;
  for (;;) {
    const beganMs = performance.now();
    let hasConnected = true;
    try {
      for await (const event of client.followLogs(id, { ...filter, ...(after !== undefined && { after }) })) {
        failed = 0;
        if (event.type === 'end') return event.state;
        after = event.chunk.sequence;
        onChunk(event.chunk);
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
      hasConnected = error instanceof TypeError;
    }
    if (hasConnected && performance.now() - beganMs >= pace.steadyMs) failed = 0;
    failed += 1;
    if (failed > pace.tries) throw incomplete(pace);
    await wait(pace.pauseMs);
  }
}

/** The same, and the ended job. */
export async function waitForJob(client: Client, id: string, onChunk: (chunk: LogChunk) => void): Promise<Job> {
  await followJob(client, id, onChunk);
  return persist(() => client.job(id));
}

function incomplete({ tries }: Pace): FailedError {
  return new FailedError(
    `the log is incomplete: the connection to the master broke off, and ${tries} tries brought no lasting one`,
  );
}
