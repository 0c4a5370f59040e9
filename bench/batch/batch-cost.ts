import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, isEnded } from '@weighbridge/protocol';
import { type Running, type Service, startShared, startSharedWorker, stop } from '../../e2e/support/cli.ts';
import type { BenchOptions, Outcome } from '../bench.ts';
import { median } from '../statistics.ts';
import { readCpuSeconds } from './process-tree.ts';
import { timeCommand } from './timed-command.ts';

const command = fileURLToPath(new URL('../../packages/cli/bin/weighbridge.js', import.meta.url));
const slots = 2;
const lookMs = 50;

interface Took {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

/** What came of a run in whose middle a worker was killed. */
interface Survived extends Took {
  readonly files: number;
  readonly exitCode: number;
}

/** A batch of small jobs and one of files, beside GNU parallel on the same machine with as many slots, in pairs. */
export async function batchCost({ quick, progress }: BenchOptions): Promise<Outcome> {
  if (spawnSync('parallel', ['--version']).error) throw new Error('this needs GNU parallel: apt-get install parallel');
  const [jobs, files, rounds] = quick ? [100, 20, 1] : [1000, 200, 5];
  const folder = mkdtempSync(join(tmpdir(), 'weighbridge-bench-'));
  const smallOurs: Took[] = [];
  const smallTheirs: Took[] = [];
  const filesOurs: Took[] = [];
  const filesTheirs: Took[] = [];
  const killedOurs: Survived[] = [];
  const killedTheirs: Survived[] = [];
  const killedRetried: Survived[] = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}: ${jobs} jobs of true`);
      smallTheirs.push(await timeCommand(`seq ${jobs} | parallel -j${slots} true`));
      smallOurs.push(await withCluster(folder, [slots], (cluster) => runSmallJobs(cluster, jobs)));
      progress(`round ${round} of ${rounds}: ${files} files through gzip`);
      makeFiles(folder, files);
      filesTheirs.push(await zipInParallel(folder));
      filesOurs.push(await withCluster(folder, [slots], (cluster) => zipOnCluster(cluster, folder)));
      progress(`round ${round} of ${rounds}: the same, with a worker killed in the middle`);
      killedTheirs.push(await zipInParallel(folder, files));
      killedRetried.push(await zipInParallel(folder, files, '--retries 3'));
      killedOurs.push(await withCluster(folder, [1, 1], (cluster) => zipOnCluster(cluster, folder, files)));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const pairs: [string, Took[], Took[]][] = [
    [`${jobs} jobs of \`true\``, smallOurs, smallTheirs],
    [`${files} files of 1 MB through \`gzip\``, filesOurs, filesTheirs],
  ];
  const survivals: [string, Survived[]][] = [
    ['Weighbridge, one of two workers killed with -9', killedOurs],
    ['GNU parallel, one of its running `gzip` killed with -9', killedTheirs],
    ['the same with `--retries 3`', killedRetried],
  ];
  return {
    tables: [
      {
        caption: `Wall and CPU time in seconds, medians of ${rounds}, ${slots} slots each; ours with master, store, worker and command line`,
        head: ['', 'ours, wall', 'GNU parallel, wall', 'ours, CPU', 'GNU parallel, CPU'],
        rows: pairs.map(([name, ours, theirs]) => [
          name,
          ...[ours, theirs].map((one) => formatMedian(one, 'wallSeconds')),
          ...[ours, theirs].map((one) => formatMedian(one, 'cpuSeconds')),
        ]),
      },
      {
        caption: `${files} files of 1 MB through gzip, with a worker killed after a third of them`,
        head: ['', 'files that came back, fewest', 'exit code', 'wall'],
        rows: survivals.map(([name, runs]) => [
          name,
          `${Math.min(...runs.map((run) => run.files))} of ${files}`,
          [...new Set(runs.map(({ exitCode }) => exitCode))].join(', '),
          formatMedian(runs, 'wallSeconds'),
        ]),
      },
    ],
    figures: { smallOurs, smallTheirs, filesOurs, filesTheirs, killedOurs, killedTheirs, killedRetried },
  };
}

const formatMedian = (runs: readonly Took[], what: keyof Took) => median(runs.map((run) => run[what])).toFixed(2);

interface Cluster {
  readonly master: Running;
  readonly workers: readonly Service[];
  /** CPU time that its services have taken so far. */
  readCpu(): number;
}

/** Runs `work` on a master and workers with so many slots, and adds what they took meanwhile. */
async function withCluster<T extends Took>(
  folder: string,
  workerSlots: readonly number[],
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const data = mkdtempSync(join(folder, 'data-'));
  const master = await startShared([
    'master',
    '--embedded',
    '--listen',
    '127.0.0.1:0',
    '--metrics-listen',
    '127.0.0.1:0',
    '--data',
    data,
  ]);
  const workers: Service[] = [];
  try {
    for (const [index, count] of workerSlots.entries()) {
      const args = [
        '--name',
        `bench-${index}`,
        '--slots',
        String(count),
        '--allow',
        'true,gzip',
        '--work-dir',
        join(data, 'work'),
      ];
      workers.push(await startSharedWorker(args, master.env));
    }
    const pids = [master, ...workers].map(({ child }) => child.pid ?? 0);
    const readCpu = () => readCpuSeconds(pids);
    const before = readCpu();
    const took = await work({ master, workers, readCpu });
    return { ...took, cpuSeconds: took.cpuSeconds + readCpu() - before };
  } finally {
    for (const { child } of [...workers, master]) await stop(child);
  }
}

async function runSmallJobs({ master }: Cluster, count: number): Promise<Took> {
  const client = new Client({ url: master.apiUrl, token: master.env.WEIGHBRIDGE_TOKEN ?? '' });
  const began = performance.now();
  const cpuBefore = process.cpuUsage();
  const submitted = await client.submitAll(Array.from({ length: count }, () => ({ command: 'true' })));
  let left = submitted.map(({ id }) => id);
  while (left.length > 0) {
    await pause(lookMs);
    const { jobs } = await client.findJobs({ ids: left });
    left = jobs.flatMap(({ id, state }) => (isEnded(state) ? [] : [id]));
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wallSeconds: (performance.now() - began) / 1000, cpuSeconds: (user + system) / 1e6 };
}

/** Half of each can be compressed. */
function makeFiles(folder: string, count: number): void {
  rmSync(join(folder, 'in'), { recursive: true, force: true });
  mkdirSync(join(folder, 'in'));
  for (let n = 0; n < count; n++)
    writeFileSync(
      join(folder, 'in', `file-${n}.bin`),
      Buffer.concat([randomBytes(500_000), Buffer.alloc(500_000, `${n} `)]),
    );
}

function emptyOut(folder: string): string {
  const out = join(folder, 'out');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  return out;
}

/** Whole ones: a job that was killed leaves a part behind. */
function countResults(out: string): number {
  return readdirSync(out).filter((name) => spawnSync('gzip', ['-t', join(out, name)]).status === 0).length;
}

async function untilThird(out: string, files: number): Promise<void> {
  while (readdirSync(out).length < files / 3) await pause(5);
}

/** `killAfter`: of so many files a third is waited for, and then one that runs is killed. */
async function zipInParallel(folder: string, killAfter?: number, options = ''): Promise<Survived> {
  const out = emptyOut(folder);
  const line = `parallel -j${slots} ${options} 'gzip -c {} > ${out}/{/}.gz' ::: ${folder}/in/*`;
  let killing: Promise<void> | undefined;
  const took = await timeCommand(line, {
    onStarted: (pid) => {
      if (killAfter !== undefined) killing = untilThird(out, killAfter).then(() => killOneGzip(pid));
    },
  });
  await killing;
  return { ...took, files: countResults(out) };
}

/** One that descends from the shell, which started it. */
async function killOneGzip(shell: number): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    const listed = spawnSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' }).stdout.trim().split('\n');
    const rows = listed.map((line) => line.trim().split(/\s+/));
    const parents = new Map(rows.map(([pid, parent]) => [Number(pid), Number(parent)]));
    const isOurs = (pid: number): boolean => pid === shell || (pid > 1 && isOurs(parents.get(pid) ?? 0));
    const found = rows.find(([pid, , name]) => name === 'gzip' && isOurs(Number(pid)));
    if (!found) continue;
    try {
      process.kill(Number(found[0]), 'SIGKILL');
      return;
    } catch {
      // It has just ended: another one.
    }
  }
  throw new Error('no gzip was found that ran');
}

/** `killAfter`: of so many files a third is waited for, and then the first worker is killed. */
async function zipOnCluster({ master, workers }: Cluster, folder: string, killAfter?: number): Promise<Survived> {
  const out = emptyOut(folder);
  const line = `${process.execPath} ${command} jobs each '${folder}/in/*' --run ${performance.now()} --output '*.gz' --to ${out} -- gzip`;
  const killing =
    killAfter === undefined ? undefined : untilThird(out, killAfter).then(() => workers[0]?.child.kill('SIGKILL'));
  const took = await timeCommand(line, { env: master.env });
  await killing;
  return { ...took, files: countResults(out) };
}
