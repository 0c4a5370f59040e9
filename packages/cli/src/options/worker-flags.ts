import { limits } from '@weighbridge/protocol';
import type { WorkerOptions } from '@weighbridge/scheduler';
import { type Command, Option } from 'commander';
import { collect, collectList, integerBetween } from './option-parsers.ts';

/** What a worker is told, wherever it runs. */
export interface WorkerFlags {
  queue?: string[];
  slots?: number;
  allow?: string[];
  env?: string[];
}

/** Adds `--queue`, `--slots`, `--allow` and `--env`. */
export function addWorkerOptions(command: Command): Command {
  return command
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
      new Option('--env <name[=value]>', "what jobs see of the worker's environment; repeat it").argParser(collect),
    );
}

/** The scheduler's names for those flags. */
export function toWorkerOptions({ queue, slots, allow, env }: WorkerFlags) {
  return {
    ...(queue && { queues: queue }),
    ...(slots !== undefined && { slots }),
    ...(allow && { allow }),
    ...(env && { env }),
  } satisfies Partial<WorkerOptions>;
}
