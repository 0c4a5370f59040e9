import {
  FoundJobs,
  isEnded,
  Job,
  JobId,
  JobList,
  JobQuery,
  JobSubmission,
  jobStates,
  limits,
  Name,
  ProblemError,
} from '@weighbridge/protocol';
import { type Static, Type } from 'typebox';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { examples } from '../http/examples.ts';
import { answers, NumberText, shown, strict } from '../http/schemas.ts';
import { addWaiting } from '../waiting/add-waiting.ts';
import { checkDependencies } from './check-dependencies.ts';
import { checkSubmission } from './check-submission.ts';

const Submissions = Type.Array(JobSubmission, { minItems: 1, maxItems: limits.bulkJobs });
type Body = JobSubmission | Static<typeof Submissions>;
// Not a union: then a wrong field would be reported as matching neither branch.
const Body = Type.Unsafe<Body>({
  if: { type: 'array' },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's keyword.
  then: Submissions,
  else: JobSubmission,
  examples: [examples.submission, examples.submissions],
});
const Submitted = shown(Type.Union([Job, Type.Array(Job)]), examples.queued, [examples.queued]);

const Filter = Type.Object(
  {
    queue: Type.Optional(Name),
    state: Type.Optional(Type.Union(jobStates.map((state) => Type.Literal(state)))),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    limit: Type.Optional(NumberText(`a whole number from 1 to ${limits.pageSize}`)),
  },
  strict,
);

/** Submit, list, show, cancel, try again. */
export function jobRoutes(app: App, context: MasterContext): void {
  const { store, metrics } = context;

  app.post(
    '/jobs',
    {
      config: { needsRoom: true },
      schema: {
        summary: 'Submit a job, or an array of jobs: all or none',
        body: Body,
        response: answers({ 200: Submitted, 201: Submitted }, [
          'too-large',
          'blob-missing',
          'command-not-allowed',
          'idempotency-mismatch',
          'too-many-names',
          'storage-full',
        ]),
      },
    },
    async (request, reply) => {
      const body = request.body as Body;
      const submissions = Array.isArray(body) ? body : [body];
      const at = (index: number) => (Array.isArray(body) ? `body[${index}]` : 'body');
      checkDependencies(submissions, at);
      for (const [index, submission] of submissions.entries()) await checkSubmission(context, submission, at(index));
      const results = await store.jobs.submit(submissions);
      const created = results.filter((result) => result.created);
      for (const { job } of created) metrics.submitted(job.queue);
      const jobs = results.map(({ job }) => job);
      return reply.code(created.length > 0 ? 201 : 200).send(Array.isArray(body) ? jobs : jobs[0]);
    },
  );

  app.get(
    '/jobs',
    {
      schema: {
        summary: 'Jobs, newest first, in short',
        querystring: Filter,
        response: answers({ 200: shown(JobList, examples.jobList) }),
      },
    },
    async (request) => {
      const { limit, ...filter } = request.query;
      const page = await store.jobs.list({ ...filter, limit: parseLimit(limit) });
      return { ...page, jobs: await addWaiting(context, page.jobs) };
    },
  );

  app.post(
    '/jobs/find',
    {
      schema: {
        summary: 'Jobs in short, by their ids or by how an id begins',
        body: shown(JobQuery, examples.jobQuery),
        response: answers({ 200: shown(FoundJobs, examples.foundJobs) }),
      },
    },
    async ({ body: { ids = [], prefix } }) => {
      const jobs =
        prefix === undefined
          ? await store.jobs.findSummaries(ids)
          : await store.jobs.findByPrefix(prefix, limits.prefixJobsShown);
      return { jobs: await addWaiting(context, jobs) };
    },
  );

  app.get(
    '/jobs/:id',
    {
      schema: {
        summary: 'One job with its attempts, and what it waits for',
        params: Type.Object({ id: JobId }),
        response: answers({ 200: shown(Job, examples.job) }, ['not-found']),
      },
    },
    async (request) => {
      const [job] = await addWaiting(context, [await requireJob(context, request.params.id)]);
      return job as Job;
    },
  );

  app.post(
    '/jobs/:id/cancel',
    {
      schema: {
        summary: 'Cancel a job that has not ended, and the jobs that depend on it',
        params: Type.Object({ id: JobId }),
        response: answers({ 200: shown(Job, examples.cancelling) }, ['not-found', 'job-ended']),
      },
    },
    async (request) => {
      const { id } = request.params;
      const cancelled = await store.jobs.cancel(id);
      if (cancelled?.state === 'cancelled') metrics.finished(cancelled.queue, cancelled.state);
      if (cancelled) metrics.cascaded(cancelled.cancelled);
      const job = await requireJob(context, id);
      // Asked for again, it is what was asked for.
      if (cancelled || job.state === 'cancelled' || job.state === 'cancelling') return job;
      throw new ProblemError('job-ended', `job ${id} has ${formatEnd(job)}, so it can't be cancelled`);
    },
  );

  app.post(
    '/jobs/:id/retry',
    {
      schema: {
        summary: 'Try a job again that failed, timed out or was cancelled, with all its retries',
        params: Type.Object({ id: JobId }),
        response: answers({ 200: shown(Job, examples.queued) }, ['not-found', 'not-retryable']),
      },
    },
    async (request) => {
      const { id } = request.params;
      const state = await store.jobs.retry(id);
      const job = await requireJob(context, id);
      if (state === undefined) throw new ProblemError('not-retryable', explainNoRetry(job));
      return job;
    },
  );
}

const formatEnd = ({ state }: Job) => state.replace('_', ' ');

/** Why a job can't be tried again. */
function explainNoRetry(job: Job): string {
  const parent = job.dependsOn.find(({ state }) => isEnded(state) && state !== 'succeeded');
  if (job.state === 'succeeded') return `job ${job.id} has succeeded; submit it again to run it once more`;
  if (!isEnded(job.state))
    return `job ${job.id} is ${job.state}; only one that failed, timed out or was cancelled can be tried again`;
  return parent
    ? `job ${job.id} depends on job ${parent.id}, which did not succeed; try that one again, and this one follows`
    : `job ${job.id} has changed meanwhile; try again`;
}

/** @throws ProblemError `not-found`. */
export async function requireJob({ store }: Pick<MasterContext, 'store'>, id: string): Promise<Job> {
  const job = await store.jobs.find(id);
  if (!job) throw new ProblemError('not-found', `there is no job ${id}`);
  return job;
}

function parseLimit(text: string | undefined): number {
  const limit = Number(text ?? limits.defaultPageSize);
  if (limit < 1 || limit > limits.pageSize) {
    throw new ProblemError(
      'invalid-request',
      `query.limit must be a whole number from 1 to ${limits.pageSize}, got ${text}`,
    );
  }
  return limit;
}
