import type { Command } from 'commander';
import { addClientOptions, type ClientFlags, clientOf } from '../client-options.ts';
import { addExamples } from '../command.ts';
import { LogPrinter } from '../job-logs.ts';
import { printJson } from '../output.ts';

interface Flags extends ClientFlags {
  follow?: true;
}

export function addJobsLogs(jobs: Command): void {
  const command = jobs
    .command('logs')
    .description("Print a job's log, its standard output and error each to their own.")
    .argument('<id>', "the job's id")
    .option('--follow', 'go on until the job has ended')
    .action(printLogs);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge jobs logs ID',
    'weighbridge jobs logs ID --follow',
    'weighbridge jobs logs ID --json   # one chunk a line',
  ]);
}

async function printLogs(id: string, flags: Flags): Promise<void> {
  const client = clientOf(flags);
  const printer = new LogPrinter();
  const chunks = flags.follow ? client.followLogs(id) : (await client.logs(id)).chunks;
  for await (const chunk of chunks) {
    if (flags.json) printJson(chunk);
    else printer.print(chunk);
  }
}
