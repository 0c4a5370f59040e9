import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, isEnded, type JobSubmission, type JobSummary, limits } from '@weighbridge/protocol';
import { FailedError, UsageError } from '../errors.ts';
import { formatEnding } from '../options/submission-options.ts';
import { printJson, printLine } from '../terminal/output.ts';
import { StatusLine } from '../terminal/status-line.ts';
import { persist } from './persist.ts';

const lookMs = 1000;

/**
 * Reads jobs as the API takes them: an array of JSON. `-` is the standard input.
 *
 * @throws UsageError where it can't be read or is no such array.
 */
export function readSubmissions(file: string): JobSubmission[] {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new UsageError(`--from ${file}: it can't be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
  try {
    const jobs: unknown = JSON.parse(text);
    if (Array.isArray(jobs) && jobs.length > 0 && jobs.length <= limits.bulkJobs) return jobs as JobSubmission[];
  } catch {
    // The sentence below says it.
  }
  throw new UsageError(
    `--from ${file}: it must be a JSON array of 1 to ${limits.bulkJobs} jobs, as POST /jobs takes them`,
  );
}

/** Submits all of them or none; `isAwaited`: and waits until they have ended. @throws FailedError where one did not succeed. */
export async function submitMany(
  client: Client,
  submissions: readonly JobSubmission[],
  { isAwaited, isJson }: { isAwaited: boolean; isJson: boolean },
): Promise<void> {
  const jobs = await client.submitAll(submissions);
  if (!isAwaited) {
    if (isJson) return printJson(jobs);
    for (const { id, key } of jobs) printLine(key === undefined ? id : `${id}  ${key}`);
    return;
  }
  const ended = await untilEnded(
    client,
    jobs.map(({ id }) => id),
  );
  const keys = new Map(jobs.map(({ id, key }) => [id, key]));
  if (isJson) printJson(ended);
  else for (const job of ended) printLine(`${keys.get(job.id) ?? job.id}  ${formatEnding(job)}`);
  const failed = ended.filter(({ state }) => state !== 'succeeded').length;
  if (failed > 0) throw new FailedError(`${failed} of ${ended.length} jobs did not succeed`);
}

async function untilEnded(client: Client, ids: string[]): Promise<JobSummary[]> {
  const line = new StatusLine();
  try {
    for (;;) {
      const { jobs } = await persist(() => client.findJobs({ ids }));
      const left = jobs.filter(({ state }) => !isEnded(state)).length;
      if (left === 0) return ids.flatMap((id) => jobs.find((job) => job.id === id) ?? []);
      line.show(() => `${jobs.length - left} of ${jobs.length} jobs have ended`);
      await pause(lookMs);
    }
  } finally {
    line.clear();
  }
}
