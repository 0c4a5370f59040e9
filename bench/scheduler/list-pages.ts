import { startPostgres } from '../../e2e/support/postgres.ts';
import { endedJobs, fillEndedJobs } from '../../packages/scheduler/test/support/million-jobs.ts';
import { median, quantile } from '../statistics.ts';
import type { Table } from '../table.ts';
import { MasterCommand } from './master-command.ts';

const goalMs = 20;
const calls = 100;

const filters = {
  none: {},
  'a queue': { queue: 'queue-7' },
  'a state': { state: 'failed' },
  'a state that none is in': { state: 'cancelled' },
  'a queue and a state': { queue: 'queue-0', state: 'timed_out' },
  'a queue and a state that are rare together': { queue: 'queue-3', state: 'timed_out' },
};

/** How long a page of the list takes through the API, by filter, when a million jobs have ended. */
export async function listPages({ quick }: { quick: boolean }): Promise<Table> {
  const count = quick ? endedJobs / 50 : endedJobs;
  const server = await startPostgres({ durable: true });
  const master = await MasterCommand.start(server.url);
  try {
    await fillEndedJobs(server.url, count);
    const rows: string[][] = [];
    for (const [name, filter] of Object.entries(filters)) rows.push([name, ...(await measure(master, filter))]);
    return {
      caption: `A page of 50 jobs with ${count.toLocaleString('en')} ended ones, through the API, by filter; goal ≤ ${goalMs} ms; ${calls} calls each`,
      head: ['filter', 'first page, median', 'p99', 'next pages, median', 'p99'],
      rows,
    };
  } finally {
    await master.stop();
    await server.stop();
  }
}

async function measure(master: MasterCommand, filter: Record<string, string>): Promise<string[]> {
  const first: number[] = [];
  const next: number[] = [];
  const get = async (times: number[], more: Record<string, string>) => {
    const began = performance.now();
    const response = await fetch(`${master.url}/jobs?${new URLSearchParams({ ...filter, ...more, limit: '50' })}`, {
      headers: { authorization: `Bearer ${master.token}` },
    });
    const { cursor } = (await response.json()) as { cursor?: string };
    times.push(performance.now() - began);
    return cursor;
  };
  // Each of ten connections prepares its statement once.
  for (let n = 0; n < 20; n++) await get([], {});
  let cursor: string | undefined;
  for (let n = 0; n < calls; n++) cursor = await get(first, {});
  for (let n = 0; n < calls && cursor !== undefined; n++) cursor = await get(next, { cursor });
  const format = (times: number[], read: (times: number[]) => number) =>
    times.length === 0 ? '-' : `${read(times).toFixed(1)} ms`;
  const p99 = (times: number[]) => quantile(times, 0.99);
  return [format(first, median), format(first, p99), format(next, median), format(next, p99)];
}
