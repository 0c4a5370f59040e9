import { type Client, type Job, type JobState, jobStates, ProblemError } from '@weighbridge/protocol';
import { type Command, Option } from 'commander';
import pMap from 'p-map';
import { FailedError, UsageError } from '../errors.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { confirm } from '../terminal/confirm.ts';
import { printJson, printLine, printNote } from '../terminal/output.ts';
import { StatusLine } from '../terminal/status-line.ts';
import { jobIdHelp, resolveJobId } from './job-ids.ts';

interface Flags extends ClientFlags {
  state?: JobState[];
  queue?: string;
  yes?: true;
}

/** What can be done with many jobs. */
export interface BulkAction {
  /** As the question has it: `Cancel`. */
  readonly verb: string;
  /** The states of which a job can be, for `--state`; those of `defaultStates` where it is not given. */
  readonly states: readonly JobState[];
  readonly defaultStates: readonly JobState[];
  run(client: Client, id: string): Promise<Job>;
}

/** At a time: a master answers hundreds of these a second. */
const concurrency = 8;
const pageSize = 1000;

/** Adds ids, `--state`, `--queue` and `--yes` to a command that does one thing to many jobs. */
export function addBulkOptions(command: Command, action: BulkAction): Command {
  command
    .argument('[jobs...]', `jobs, each by ${jobIdHelp}`)
    .addOption(
      new Option(
        '--state <state...>',
        `all jobs in these states (default: ${action.defaultStates.join(', ')})`,
      ).choices(jobStates.filter((state) => action.states.includes(state))),
    )
    .option('--queue <name>', 'all jobs of this queue')
    .option('--yes', 'ask nothing: more than one job is asked for')
    .action((ids: string[], flags: Flags) => runOnMany(action, ids, flags));
  return addClientOptions(command);
}

async function runOnMany(action: BulkAction, given: string[], { state, queue, yes, ...flags }: Flags): Promise<void> {
  const isFilter = state !== undefined || queue !== undefined;
  if (isFilter === given.length > 0)
    throw new UsageError(`name jobs by their ids, or by --state or --queue, and not ${isFilter ? 'both' : 'none'}`);
  const client = clientOf(flags);
  const ids = isFilter ? await findIds(client, state ?? action.defaultStates, queue) : await resolveIds(client, given);
  if (ids.length > 1 && !yes) await confirm(`${action.verb} ${ids.length} jobs?`);
  const done = await runOnEach(client, action, ids);
  // A job that was found by its state may have left it.
  const failures = isFilter ? [] : done.flatMap((one) => (one instanceof ProblemError ? [one.message] : []));
  const jobs = done.flatMap((one) => (one instanceof ProblemError ? [] : [one]));
  if (flags.json) printJson({ jobs, failed: done.length - jobs.length });
  else tell(jobs, done.length - jobs.length, isFilter);
  if (failures.length > 0) throw new FailedError(failures.join('; '));
}

function tell(jobs: readonly Job[], failed: number, isFilter: boolean): void {
  if (!isFilter) {
    for (const { id, state } of jobs) printLine(`${id}  ${state}`);
    return;
  }
  const counts = Map.groupBy(jobs, ({ state }) => state);
  const parts = [...counts].map(([state, ones]) => `${ones.length} ${state}`);
  printLine(
    jobs.length === 0 ? 'No such job.' : `${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}: ${parts.join(', ')}`,
  );
  if (failed > 0) printNote(`${failed} had changed meanwhile and stay as they are.`);
}

async function resolveIds(client: Client, given: readonly string[]): Promise<string[]> {
  return [...new Set(await pMap(given, (one) => resolveJobId(client, one), { concurrency }))];
}

/** All jobs in these states, also of more than one page. */
async function findIds(client: Client, states: readonly JobState[], queue: string | undefined): Promise<string[]> {
  const ids: string[] = [];
  for (const state of states) {
    let cursor: string | undefined;
    do {
      const filter = { state, limit: pageSize, ...(queue !== undefined && { queue }) };
      const page = await client.jobs({ ...filter, ...(cursor !== undefined && { cursor }) });
      ids.push(...page.jobs.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return ids;
}

/** Each job's end of it: the job, or the master's refusal. */
async function runOnEach(client: Client, action: BulkAction, ids: string[]): Promise<(Job | ProblemError)[]> {
  const line = new StatusLine();
  let count = 0;
  const runOne = async (id: string) => {
    try {
      return await action.run(client, id);
    } catch (error) {
      if (error instanceof ProblemError && (error.status === 404 || error.status === 409)) return error;
      throw error;
    } finally {
      count += 1;
      line.show(() => `${action.verb}: ${count} of ${ids.length}`);
    }
  };
  try {
    return await pMap(ids, runOne, { concurrency });
  } finally {
    line.clear();
  }
}
