import { type Client, limits } from '@weighbridge/protocol';
import { FailedError, UsageError } from '../errors.ts';

/** Help of an argument that names a job. */
export const jobIdHelp = 'its id, the beginning of it, or `last`: the newest';

const wholeId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The whole id of a job as people name it: whole, by a beginning that no other job has, or `last`.
 *
 * @throws UsageError for what can be no id; FailedError where none or several begin so.
 */
export async function resolveJobId(client: Client, text: string): Promise<string> {
  if (wholeId.test(text)) return text;
  if (text === 'last') {
    const [newest] = (await client.jobs({ limit: 1 })).jobs;
    if (newest) return newest.id;
    throw new FailedError('there is no job yet');
  }
  if (!/^[0-9a-f-]{4,36}$/i.test(text))
    throw new UsageError(
      `a job is named by its id, by at least four characters of its beginning, or by last; got ${text}`,
    );
  const { jobs } = await client.findJobs({ prefix: text });
  const [first, second] = jobs;
  if (!first) throw new FailedError(`there is no job whose id begins with ${text}`);
  if (!second) return first.id;
  const count = jobs.length === limits.prefixJobsShown ? `at least ${jobs.length}` : String(jobs.length);
  const named = jobs.slice(0, 3).map(({ id, commandLine }) => `${id} (${commandLine.slice(0, 40)})`);
  throw new FailedError(`${count} jobs have an id that begins with ${text}: ${named.join(', ')}; type more of it`);
}
