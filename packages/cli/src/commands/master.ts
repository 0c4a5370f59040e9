import type { StoreChoice } from '@weighbridge/scheduler';
import { type Command, Option } from 'commander';
import { addExamples } from '../command.ts';
import { UsageError } from '../errors.ts';
import { loadScheduler } from '../optional-packages.ts';
import { addMasterOptions, type MasterFlags, masterOptionsOf } from '../options/master-flags.ts';
import { createReporter } from '../services/reporter.ts';
import { runUntilStopped } from '../services/service.ts';
import { keepHeapSmall } from '../services/small-heap.ts';

interface Flags extends MasterFlags {
  databaseUrl?: string;
  embedded?: true;
}

export function addMaster(program: Command): void {
  const command = program
    .command('master')
    .description('Run a master: API, live page, metrics.')
    .addOption(
      new Option('--database-url <url>', 'keep jobs in this PostgreSQL, postgres://…').env('WEIGHBRIDGE_DATABASE_URL'),
    )
    .option('--embedded', 'keep jobs in the data folder, without a server')
    .action(runMaster);
  addMasterOptions(command, 'the only commands that this master takes; repeat it or use commas (default: any)');
  addExamples(command, [
    'weighbridge master --embedded',
    'weighbridge master --database-url postgres://weighbridge@db.internal/weighbridge',
    'weighbridge master --embedded --listen 0.0.0.0:8080 --tls-terminated-upstream',
  ]);
}

async function runMaster(flags: Flags, command: Command): Promise<void> {
  // A database in the environment is a default; one on the command line is a wish.
  const store = storeOf(flags, command.getOptionValueSource('databaseUrl') === 'cli');
  const { Master } = await loadScheduler();
  keepHeapSmall();
  const master = new Master({ ...masterOptionsOf(flags), store, ...(flags.allow && { allow: flags.allow }) });
  const reporter = createReporter(flags.json === true);
  reporter.starting();
  const start = async () => {
    reporter.master(await master.start());
    return master;
  };
  await runUntilStopped([start], reporter);
}

function storeOf({ databaseUrl, embedded }: Flags, databaseAsked: boolean): StoreChoice {
  if (embedded && databaseAsked) throw new UsageError('--embedded and --database-url exclude each other');
  if (embedded) return { kind: 'embedded' };
  if (databaseUrl !== undefined && databaseUrl !== '') return { kind: 'postgresql', url: databaseUrl };
  throw new UsageError('a master needs a store: give --database-url or WEIGHBRIDGE_DATABASE_URL, or --embedded');
}
