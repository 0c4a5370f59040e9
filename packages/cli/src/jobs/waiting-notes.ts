import type { Client } from '@weighbridge/protocol';
import { printNote } from '../terminal/output.ts';
import { formatWaiting } from '../words/waiting-words.ts';

const lookMs = 2000;

/** Says what a job waits for, from 2 s on and whenever that changes, until it has begun or `stop` is called. */
export function noteWaiting(client: Client, id: string): { stop(): void } {
  let told: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const left = new AbortController();
  const look = async () => {
    // A master that doesn't answer is told by whoever follows the log.
    const job = await client.job(id, left.signal).catch(() => undefined);
    if (left.signal.aborted || (job && job.waitingFor === undefined)) return;
    const text = job?.waitingFor && formatWaiting(job.waitingFor);
    if (text !== undefined && text !== told) printNote(`Waiting: ${text}`);
    told = text ?? told;
    timer = setTimeout(look, lookMs);
  };
  timer = setTimeout(look, lookMs);
  return {
    stop() {
      left.abort();
      clearTimeout(timer);
    },
  };
}
