import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isEnded, isFileName, type Job, type OutputFile } from '@weighbridge/protocol';
import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { FailedError } from '../errors.ts';
import { download } from '../jobs/download.ts';
import { jobIdHelp, resolveJobId } from '../jobs/job-ids.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { formatBytes } from '../terminal/format.ts';
import { printJson, printLine } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';

interface Flags extends ClientFlags {
  to?: string;
}

export function addJobsDownload(jobs: Command): void {
  const command = jobs
    .command('download')
    .description('Fetch what a job sent back: one file, or all of them. Each is checked against its SHA-256.')
    .argument('<job>', jobIdHelp)
    .argument('[name]', 'the file (default: all)')
    .option('--to <dir|file>', 'where to put it (default: here)')
    .action(downloadFiles);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge jobs download last',
    'weighbridge jobs download ID --to results/',
    'weighbridge jobs download ID big.csv.gz --to /tmp/other.gz',
  ]);
}

async function downloadFiles(named: string, name: string | undefined, flags: Flags): Promise<void> {
  const client = clientOf(flags);
  const id = await resolveJobId(client, named);
  const files = choose(await client.job(id), name);
  const progress = createProgress();
  for (const file of files) {
    const path = await targetOf(file, flags.to, name !== undefined);
    await download(client, id, file, path, progress);
    if (flags.json) printJson({ ...file, path });
    else printLine(`${path}  ${formatBytes(file.sizeBytes)}`);
  }
}

function choose(job: Job, name: string | undefined): OutputFile[] {
  const files = name === undefined ? job.outputs : job.outputs.filter((file) => file.name === name);
  if (files.length > 0) return files;
  if (!isEnded(job.state)) throw new FailedError(`job ${job.id} has sent nothing back yet: it is ${job.state}`);
  const present = job.outputs.map((file) => file.name).join(', ') || 'none';
  throw new FailedError(
    name === undefined ? `job ${job.id} sent no files back` : `job ${job.id} has no file ${name}; it has: ${present}`,
  );
}

/** A single named file may get a new name; several go into a folder. */
async function targetOf(file: OutputFile, to: string | undefined, single: boolean): Promise<string> {
  // The name comes from a master: it must not lead out of the folder.
  if (!isFileName(file.name))
    throw new FailedError(`the master names a file ${JSON.stringify(file.name)}, which is no plain file name`);
  if (to === undefined) return file.name;
  const isFolder = to.endsWith('/') || statSync(to, { throwIfNoEntry: false })?.isDirectory();
  if (single && !isFolder) return to;
  await mkdir(to, { recursive: true });
  return join(to, file.name);
}
