import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../../e2e/support/postgres.ts';
import type { BenchOptions, Outcome } from '../bench.ts';
import { median, quantile } from '../statistics.ts';
import { ApiCaller, apiRates } from './api-load.ts';
import { listPages } from './list-pages.ts';
import { MasterCommand } from './master-command.ts';
import type { Rates } from './rates.ts';

interface MasterFigures extends Rates {
  /** From a submission to the command's start on an idle worker, one job at a time, in ms. */
  readonly startsMs: readonly number[];
  /** While the loads ran. */
  readonly longestStallMs: number;
  readonly idleBytes: number;
  /** After the loads. */
  readonly residentBytes: number;
}

/** What the issue asks of the store on two cores. */
const goals = { submits: 1000, bulkSubmits: 8000, results: 1000, p50Ms: 15, p99Ms: 60, stallMs: 30, residentMb: 150 };

/** The scheduler's figures through its API, on both stores, beside pg-boss alone on the same server. */
export async function schedulerCost({ quick, progress }: BenchOptions): Promise<Outcome> {
  const rounds = quick ? 1 : 5;
  const seconds = quick ? 1 : 4;
  const starts = quick ? 30 : 200;
  const embedded: MasterFigures[] = [];
  const server: MasterFigures[] = [];
  const boss: Rates[] = [];
  for (let round = 1; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}: embedded store`);
    embedded.push(await measureMaster(undefined, seconds, starts));
    await withServer(async (url) => {
      progress(`round ${round} of ${rounds}: PostgreSQL server`);
      server.push(await measureMaster(url, seconds, starts));
    });
    await withServer(async (url) => {
      progress(`round ${round} of ${rounds}: pg-boss`);
      boss.push(await measureBoss(url, seconds));
    });
  }
  progress('lists');
  const lists = await listPages({ quick });
  return {
    tables: [rateTable(embedded, server, boss), restTable(embedded, server), lists],
    figures: { embedded, server, boss, lists: lists.rows },
  };
}

async function withServer(run: (url: string) => Promise<void>): Promise<void> {
  const server = await startPostgres({ durable: true });
  try {
    await run(server.url);
  } finally {
    await server.stop();
  }
}

async function measureMaster(databaseUrl: string | undefined, seconds: number, starts: number): Promise<MasterFigures> {
  const master = await MasterCommand.start(databaseUrl);
  const api = new ApiCaller(master);
  try {
    const idleBytes = await master.residentBytes();
    const startsMs = await measureStarts(api, master, starts);
    await master.longestStallMs();
    const rates = await apiRates(api, seconds);
    return {
      ...rates,
      startsMs,
      longestStallMs: await master.longestStallMs(),
      idleBytes,
      residentBytes: await master.residentBytes(),
    };
  } finally {
    api.close();
    await master.stop();
  }
}

async function measureBoss(url: string, seconds: number): Promise<Rates> {
  const boss = start('boss', url, String(seconds));
  try {
    const [rates] = (await heard(boss)) as [Rates];
    return rates;
  } finally {
    await ended(boss);
  }
}

async function measureStarts(
  api: ApiCaller,
  { url, token }: { url: string; token: string },
  count: number,
): Promise<number[]> {
  const worker = start('worker', url, token);
  try {
    await heard(worker);
    const times: number[] = [];
    const warm = 20;
    for (let n = 0; n < warm + count; n++) times.push(await measureStart(api, worker));
    return times.slice(warm);
  } finally {
    await ended(worker);
  }
}

async function measureStart(api: ApiCaller, worker: ChildProcess): Promise<number> {
  const began = performance.timeOrigin + performance.now();
  const started = heard(worker) as Promise<[{ jobId: string; atMs: number }]>;
  const { id } = JSON.parse(await api.post('/jobs', { command: 'true' })) as { id: string };
  const [{ jobId, atMs }] = await started;
  if (jobId !== id) throw new Error(`job ${jobId} started, ${id} was submitted`);
  return atMs - began;
}

function start(...args: string[]): ChildProcess {
  return fork(fileURLToPath(new URL('service-process.ts', import.meta.url)), args);
}

/** What a child says next. */
async function heard(child: ChildProcess): Promise<unknown[]> {
  const settled = new AbortController();
  const { signal } = settled;
  const gone = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a part of the bench ended with ${code}`);
  });
  try {
    return await Promise.race([once(child, 'message', { signal }), gone]);
  } finally {
    settled.abort();
    await gone.catch(() => undefined);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  await exited;
}

const whole = (value: number) => Math.round(value).toLocaleString('en');

function rateTable(embedded: MasterFigures[], server: MasterFigures[], boss: Rates[]) {
  const row = (name: string, key: keyof Rates) => {
    const [ours, theirs, bare] = [embedded, server, boss].map((all) => median(all.map((one) => one[key])));
    return [
      name,
      `≥ ${whole(goals[key])}`,
      whole(ours ?? 0),
      whole(theirs ?? 0),
      whole(bare ?? 0),
      ((ours ?? 0) / (bare ?? 1)).toFixed(2),
    ];
  };
  return {
    caption: `Jobs a second, median of ${embedded.length}; the API does more than pg-boss alone: HTTP, checks, attempts, leases`,
    head: ['load', 'goal', 'embedded', 'PostgreSQL server', 'pg-boss, no HTTP', 'embedded ÷ pg-boss'],
    rows: [
      row('single submits, 8 in flight', 'submits'),
      row('submits of 1,000, 2 in flight', 'bulkSubmits'),
      row('claims of at most 20, a result each', 'results'),
    ],
  };
}

function restTable(embedded: MasterFigures[], server: MasterFigures[]) {
  const both = (read: (all: MasterFigures[]) => string) => [read(embedded), read(server)];
  const starts = (q: number) => (all: MasterFigures[]) =>
    `${quantile(
      all.flatMap((one) => one.startsMs),
      q,
    ).toFixed(1)} ms`;
  const worst = (key: 'longestStallMs') => (all: MasterFigures[]) =>
    `${Math.max(...all.map((one) => one[key])).toFixed(1)} ms`;
  const resident = (key: 'idleBytes' | 'residentBytes') => (all: MasterFigures[]) =>
    `${whole(median(all.map((one) => one[key])) / 1e6)} MB`;
  return {
    caption: `Waits of ${embedded.length} rounds together, and the median of what was resident`,
    head: ['', 'goal', 'embedded', 'PostgreSQL server'],
    rows: [
      ['submit to start, idle worker, median', `≤ ${goals.p50Ms} ms`, ...both(starts(0.5))],
      ['submit to start, idle worker, p99', `≤ ${goals.p99Ms} ms`, ...both(starts(0.99))],
      [
        "longest stall of the master's loop under the loads above",
        `≤ ${goals.stallMs} ms`,
        ...both(worst('longestStallMs')),
      ],
      [
        'master, resident when started, without the database',
        `≤ ${goals.residentMb} MB`,
        ...both(resident('idleBytes')),
      ],
      ['master, resident after the loads', `≤ ${goals.residentMb} MB`, ...both(resident('residentBytes'))],
    ],
  };
}
