import { join } from 'node:path';
import type { MasterInfo, WorkerOptions } from '@weighbridge/scheduler';
import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { loadScheduler } from '../optional-packages.ts';
import { addMasterOptions, type MasterFlags, masterOptionsOf } from '../options/master-flags.ts';
import { createReporter } from '../services/reporter.ts';
import { runUntilStopped } from '../services/service.ts';
import { keepHeapSmall } from '../services/small-heap.ts';
import { keepWorker } from '../services/worker-service.ts';

/** Harmless enough to be allowed without asking, and enough for a first job. */
const allowedByDefault = ['gzip', 'gunzip', 'sha256sum', 'echo', 'sleep'];

export function addUp(program: Command): void {
  const command = program
    .command('up')
    .description('Run everything on this machine: master, embedded store, one worker, live page.')
    .action(runUp);
  addMasterOptions(
    command,
    `a command that jobs may run, besides ${allowedByDefault.join(', ')}; repeat it or use commas`,
  );
  addExamples(command, [
    'weighbridge up',
    'weighbridge up --allow ffmpeg,convert --data /var/lib/weighbridge',
    'weighbridge up --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --json',
  ]);
}

async function runUp(flags: MasterFlags): Promise<void> {
  const { Master } = await loadScheduler();
  keepHeapSmall();
  const master = new Master({ ...masterOptionsOf(flags), store: { kind: 'embedded' } });
  const reporter = createReporter(flags.json === true);
  const started = Promise.withResolvers<MasterInfo>();
  reporter.starting();
  await runUntilStopped(
    [
      async () => {
        const info = await master.start();
        reporter.master(info);
        started.resolve(info);
        return master;
      },
      async () => keepWorker(workerOptionsOf(await started.promise, flags), reporter),
    ],
    reporter,
  );
}

function workerOptionsOf({ apiUrl, token }: MasterInfo, { allow = [], data = './data' }: MasterFlags): WorkerOptions {
  return {
    master: apiUrl,
    token,
    allow: [...new Set([...allowedByDefault, ...allow])],
    workDir: join(data, 'worker'),
  };
}
