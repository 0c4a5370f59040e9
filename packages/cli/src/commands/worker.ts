import { limits } from '@weighbridge/protocol';
import type { WorkerOptions } from '@weighbridge/scheduler';
import { type Command, Option } from 'commander';
import { addExamples } from '../command.ts';
import { addClientOptions, type ClientFlags, parseMasterUrl, readToken } from '../options/client-options.ts';
import { collect, collectList, integerBetween } from '../options/option-parsers.ts';
import { createReporter } from '../services/reporter.ts';
import { runUntilStopped } from '../services/service.ts';
import { startWorker } from '../services/worker-service.ts';

interface Flags extends ClientFlags {
  name?: string;
  takeOver?: true;
  queue?: string[];
  slots?: number;
  allow?: string[];
  env?: string[];
  workDir?: string;
  cacheBytes?: number;
}

export function addWorker(program: Command): void {
  const command = program
    .command('worker')
    .description('Run a worker: takes jobs from a master and runs them on this machine.')
    .action(runWorker);
  addClientOptions(command)
    .option('--name <name>', "the node's name (default: this machine's; of a second worker here NAME-2, and so on)")
    .option('--take-over', 'take the name from another worker that holds it, and end that')
    .addOption(
      new Option('--queue <name>', 'a queue to serve; repeat it or use commas (default: default)').argParser(
        collectList,
      ),
    )
    .addOption(
      new Option('--slots <n>', 'how much runs at a time (default: one a processor)').argParser(
        integerBetween(1, limits.slots),
      ),
    )
    .addOption(
      new Option('--allow <command>', 'a command that jobs may run; repeat it or use commas (default: none)').argParser(
        collectList,
      ),
    )
    .addOption(
      new Option('--env <name[=value]>', "what jobs see of this machine's environment; repeat it").argParser(collect),
    )
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
    ...(flags.queue && { queues: flags.queue }),
    ...(flags.slots !== undefined && { slots: flags.slots }),
    ...(flags.allow && { allow: flags.allow }),
    ...(flags.env && { env: flags.env }),
    ...(flags.workDir !== undefined && { workDir: flags.workDir }),
    ...(flags.cacheBytes !== undefined && { cacheBytes: flags.cacheBytes }),
  };
}
