import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { FailedError } from '../errors.ts';
import { loadScheduler } from '../optional-packages.ts';
import { addStoreOptions, type StoreFlags, toLocation } from '../options/store-options.ts';
import { listenForStop } from '../services/stop-signals.ts';
import { printJson, printLine, printNote } from '../terminal/output.ts';
import { createTransferProgress, formatTransfer } from '../terminal/transfer-progress.ts';

interface Flags extends StoreFlags {
  json?: true;
}

export function addStoreExport(store: Command): void {
  const command = store
    .command('export')
    .description('Write jobs, logs and files into one tar file, beside a master that runs or without one.')
    .argument('<file>', 'where to; it must not be there yet');
  addStoreOptions(command)
    .option('--json', 'print JSON')
    .action((file: string, flags: Flags) => exportToFile(file, flags));
  addExamples(command, [
    'weighbridge store export jobs.tar',
    'weighbridge store export jobs.tar --data /var/lib/weighbridge --database-url postgres://weighbridge@db.internal/weighbridge',
  ]);
}

async function exportToFile(file: string, flags: Flags): Promise<void> {
  const { exportStore } = await loadScheduler();
  const progress = createTransferProgress();
  const stopped = new AbortController();
  const signals = listenForStop(process, () => process.exit(1));
  void signals.first.then((signal) => stopped.abort(new FailedError(`${signal}: nothing was written`)));
  const { signal } = stopped;
  const result = await exportStore({ ...toLocation(flags), file, signal, onProgress: progress.show }).finally(() => {
    progress.end();
    signals.dispose();
  });
  if (flags.json) return printJson({ file, ...result });
  printLine(`${file}: ${formatTransfer(result)}`);
  if (result.missingBlobs > 0)
    printNote(`${result.missingBlobs} files that jobs name are not stored in ${flags.data}; they were left out.`);
}
