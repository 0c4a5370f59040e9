import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { loadScheduler } from '../optional-packages.ts';
import { addStoreOptions, type StoreFlags, toLocation } from '../options/store-options.ts';
import { printJson, printLine, printNote } from '../terminal/output.ts';
import { createTransferProgress, formatTransfer } from '../terminal/transfer-progress.ts';

interface Flags extends StoreFlags {
  json?: true;
}

export function addStoreImport(store: Command): void {
  const command = store
    .command('import')
    .description(
      'Add what an export holds to a store: all of it or nothing. Jobs that are there already stay as they are.',
    )
    .argument('<file>', 'what `weighbridge store export` wrote');
  addStoreOptions(command)
    .option('--json', 'print JSON')
    .action((file: string, flags: Flags) => importFromFile(file, flags));
  addExamples(command, [
    'weighbridge store import jobs.tar --data /var/lib/weighbridge',
    'weighbridge store import jobs.tar --database-url postgres://weighbridge@db.internal/weighbridge',
  ]);
}

async function importFromFile(file: string, flags: Flags): Promise<void> {
  const { importStore } = await loadScheduler();
  const progress = createTransferProgress();
  const result = await importStore({ ...toLocation(flags), file, onProgress: progress.show }).finally(progress.end);
  if (flags.json) return printJson({ file, ...result });
  printLine(`${file}: ${formatTransfer(result)}`);
  if (result.skippedJobs > 0) printNote(`${result.skippedJobs} jobs were there already and stay as they are.`);
}
