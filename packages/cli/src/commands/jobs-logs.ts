import { type LogChunk, type LogFilter, type LogStreamName, limits, logStreams } from '@weighbridge/protocol';
import { type Command, Option } from 'commander';
import { addExamples } from '../command.ts';
import { FailedError, UsageError } from '../errors.ts';
import { followJob } from '../jobs/follow-job.ts';
import { jobIdHelp, resolveJobId } from '../jobs/job-ids.ts';
import { LogGaps, printLogChunk } from '../jobs/job-logs.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { integerBetween } from '../options/option-parsers.ts';
import { printJson } from '../terminal/output.ts';

interface Flags extends ClientFlags {
  follow?: true;
  attempt?: number;
  stream?: LogStreamName;
  offset?: number;
}

export function addJobsLogs(jobs: Command): void {
  const command = jobs
    .command('logs')
    .description("Print a job's log, its standard output and error each to their own.")
    .argument('<job>', jobIdHelp)
    .option('--follow', 'go on until the job has ended, also when the connection breaks off')
    .addOption(new Option('--attempt <n>', 'only this attempt').argParser(integerBetween(1, limits.attemptNumber)))
    .addOption(new Option('--stream <name>', 'only this stream').choices(logStreams))
    .addOption(
      new Option('--offset <bytes>', 'of one stream of one attempt: from this byte on').argParser(
        integerBetween(0, Number.MAX_SAFE_INTEGER),
      ),
    )
    .action(printLogs);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge jobs logs last',
    'weighbridge jobs logs ID --follow   # exits with 1 when something of the log is missing',
    'weighbridge jobs logs ID --attempt 2 --stream stderr --offset 1048576',
    'weighbridge jobs logs ID --json   # one chunk a line',
  ]);
}

async function printLogs(named: string, flags: Flags): Promise<void> {
  const filter = parseFilter(flags);
  const client = clientOf(flags);
  const id = await resolveJobId(client, named);
  const gaps = new LogGaps(filter.offset);
  const show = (chunk: LogChunk) => {
    const omittedBytes = gaps.take(chunk);
    if (flags.json) printJson(chunk);
    else printLogChunk(chunk, omittedBytes);
  };
  if (flags.follow) await followJob(client, id, show, filter);
  else for (const chunk of (await client.logs(id, filter)).chunks) show(chunk);
  if (gaps.omittedBytes > 0)
    throw new FailedError(
      `the log is incomplete: ${gaps.omittedBytes} bytes were left out; of each stream the first ${limits.logHeadBytes} and the last ${limits.logTailBytes} bytes are kept`,
    );
}

function parseFilter({ attempt, stream, offset }: Flags): LogFilter {
  if (offset !== undefined && (attempt === undefined || stream === undefined))
    throw new UsageError('--offset counts bytes of one stream of one attempt: name both, with --attempt and --stream');
  return {
    ...(attempt !== undefined && { attempt }),
    ...(stream !== undefined && { stream }),
    ...(offset !== undefined && { offset }),
  };
}
