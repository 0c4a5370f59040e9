import type { WorkerOptions } from '@weighbridge/scheduler';
import { type Command, Option } from 'commander';
import { addExamples } from '../command.ts';
import { addClientOptions, type ClientFlags, parseMasterUrl, readToken } from '../options/client-options.ts';
import { integerBetween } from '../options/option-parsers.ts';
import { addWorkerOptions, toWorkerOptions, type WorkerFlags } from '../options/worker-flags.ts';
import { createReporter } from '../services/reporter.ts';
import { runUntilStopped } from '../services/service.ts';
import { startWorker } from '../services/worker-service.ts';

interface Flags extends ClientFlags, WorkerFlags {
  name?: string;
  takeOver?: true;
  workDir?: string;
  cacheBytes?: number;
}

export function addWorker(program: Command): void {
  const command = program
    .command('worker')
    .description('Run a worker: takes jobs from a master and runs them on this machine.')
    .action(runWorker);
  addWorkerOptions(addClientOptions(command))
    .option('--name <name>', "the node's name (default: this machine's; of a second worker here NAME-2, and so on)")
    .option('--take-over', 'take the name from another worker that holds it, and end that')
    .option('--work-dir <dir>', 'where jobs run and inputs are cached (default: ./data/worker)')
    .addOption(
      new Option('--cache-bytes <n>', 'the bound of that cache (default: 1 GiB)').argParser(
        integerBetween(0, Number.MAX_SAFE_INTEGER),
      ),
    );
  addExamples(command, [
    'weighbridge worker --allow gzip,sha256sum',
    'weighbridge worker --name mill --take-over --allow gzip',
    'WEIGHBRIDGE_TOKEN=… weighbridge worker --master https://jobs.example.org --queue gpu --slots 4 --allow ffmpeg',
  ]);
}

async function runWorker(flags: Flags): Promise<void> {
  const options = workerOptionsOf(flags);
  const reporter = createReporter(flags.json === true);
  reporter.starting();
  await runUntilStopped([() => startWorker(options, reporter)], reporter);
}

function workerOptionsOf(flags: Flags): WorkerOptions {
  return {
    master: parseMasterUrl(flags.master),
    token: readToken(flags.tokenFile),
    ...(flags.name !== undefined && { name: flags.name }),
    ...(flags.takeOver && { takeOver: true }),
    ...toWorkerOptions(flags),
    ...(flags.workDir !== undefined && { workDir: flags.workDir }),
    ...(flags.cacheBytes !== undefined && { cacheBytes: flags.cacheBytes }),
  };
}
