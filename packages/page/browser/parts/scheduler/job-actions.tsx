import type { Job, JobList } from '@weighbridge/protocol';
import type { Api } from '../../state/api.ts';
import { usePage } from '../../state/page-context.ts';
import { type Action, Actions } from '../elements/actions.tsx';

const pageSize = 1000;
/** At a time. */
const concurrency = 6;

/** What can be done with one job. */
export function JobActions({ job }: { readonly job: Job }) {
  const { api } = usePage();
  const act = (verb: 'cancel' | 'retry') => api.post<Job>(`/jobs/${encodeURIComponent(job.id)}/${verb}`);
  const actions: Action[] = [];
  if (!job.endedAt && job.state !== 'cancelling')
    actions.push({
      label: 'Cancel the job',
      prepare: () => ({
        text: 'Cancel this job, and the jobs that depend on it?',
        run: async () =>
          (await act('cancel')).state === 'cancelled'
            ? 'It is cancelled.'
            : 'It is being cancelled: its node ends it within seconds.',
      }),
    });
  if (job.endedAt && job.state !== 'succeeded')
    actions.push({
      label: 'Try it again',
      prepare: () => ({
        text: 'Try this job again, with all its retries?',
        run: async () => `It is ${(await act('retry')).state} again.`,
      }),
    });
  return <Actions actions={actions} />;
}

/** Tries all failed jobs again, of one queue or of all. */
export function RetryFailed({ queue }: { readonly queue?: string | undefined }) {
  const { api } = usePage();
  const prepare = async () => {
    const ids = await findFailed(api, queue);
    if (ids.length === 0) return 'No job has failed.';
    const jobs = ids.length === 1 ? 'the failed job' : `all ${ids.length} failed jobs`;
    return {
      text: `Try ${jobs} again?`,
      run: async () => {
        const refused = await retryEach(api, ids);
        const done = ids.length - refused;
        const told = `${done} ${done === 1 ? 'job is' : 'jobs are'} tried again.`;
        return refused === 0 ? told : `${told} ${refused} had changed meanwhile and stay as they are.`;
      },
    };
  };
  return <Actions actions={[{ label: 'Try all failed again', prepare }]} />;
}

async function findFailed(api: Api, queue: string | undefined): Promise<string[]> {
  const ids: string[] = [];
  const filter = queue === undefined ? '' : `&queue=${encodeURIComponent(queue)}`;
  for (const state of ['failed', 'timed_out']) {
    let cursor: string | undefined;
    do {
      const after = cursor === undefined ? '' : `&cursor=${cursor}`;
      const page = await api.json<JobList>(`/jobs?state=${state}&limit=${pageSize}${filter}${after}`);
      ids.push(...page.jobs.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return ids;
}

/** How many were refused, because they had changed. */
async function retryEach(api: Api, ids: readonly string[]): Promise<number> {
  let refused = 0;
  const left = ids.values();
  const work = async () => {
    for (const id of left) {
      await api.post(`/jobs/${encodeURIComponent(id)}/retry`).catch((error: { status?: number }) => {
        if (error.status !== 409 && error.status !== 404) throw error;
        refused++;
      });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return refused;
}
