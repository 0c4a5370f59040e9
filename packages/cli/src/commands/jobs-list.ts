import { type JobSummary, jobStates, limits } from '@weighbridge/protocol';
import { type Command, Option } from 'commander';
import { addClientOptions, type ClientFlags, clientOf } from '../client-options.ts';
import { addExamples } from '../command.ts';
import { formatAge } from '../format.ts';
import { integerBetween } from '../option-parsers.ts';
import { printJson, printLine, printNote, printTable } from '../output.ts';

interface Flags extends ClientFlags {
  queue?: string;
  state?: JobSummary['state'];
  limit: number;
  cursor?: string;
}

export function addJobsList(jobs: Command): void {
  const command = jobs
    .command('list')
    .description('List jobs, newest first.')
    .option('--queue <name>', 'only this queue')
    .addOption(new Option('--state <state>', 'only this state').choices(jobStates))
    .addOption(
      new Option('--limit <n>', 'how many')
        .argParser(integerBetween(1, limits.pageSize))
        .default(limits.defaultPageSize),
    )
    .option('--cursor <cursor>', 'go on where the page before ended')
    .action(listJobs);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge jobs list',
    'weighbridge jobs list --queue gpu --state failed',
    "weighbridge jobs list --json | jq -r '.jobs[].id'",
  ]);
}

async function listJobs({ queue, state, limit, cursor, ...flags }: Flags): Promise<void> {
  const page = await clientOf(flags).jobs({
    limit,
    ...(queue !== undefined && { queue }),
    ...(state !== undefined && { state }),
    ...(cursor !== undefined && { cursor }),
  });
  if (flags.json) return printJson(page);
  if (page.jobs.length === 0) return printLine('No jobs.');
  printTable(['JOB', 'STATE', 'QUEUE', 'AGE', 'COMMAND'], page.jobs.map(rowOf));
  if (page.cursor !== undefined) printNote(`More: add --cursor ${page.cursor}`);
}

function rowOf({ id, state, queue, createdAt, commandLine }: JobSummary): string[] {
  return [id, state, queue, formatAge(createdAt), shorten(commandLine)];
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
