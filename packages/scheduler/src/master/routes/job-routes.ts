import { Job, JobId, JobList, JobSubmission, jobStates, limits, Name, ProblemError } from '@weighbridge/protocol';
import { type Static, Type } from 'typebox';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { answers, NumberText, strict } from '../http/schemas.ts';
import { checkSubmission } from './check-submission.ts';

const Submissions = Type.Array(JobSubmission, { minItems: 1, maxItems: limits.bulkJobs });
type Body = JobSubmission | Static<typeof Submissions>;
// Not a union: then a wrong field would be reported as matching neither branch.
// biome-ignore lint/suspicious/noThenProperty: JSON Schema's keyword.
const Body = Type.Unsafe<Body>({ if: { type: 'array' }, then: Submissions, else: JobSubmission });

const Filter = Type.Object(
  {
    queue: Type.Optional(Name),
    state: Type.Optional(Type.Union(jobStates.map((state) => Type.Literal(state)))),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    limit: Type.Optional(NumberText(`a whole number from 1 to ${limits.pageSize}`)),
  },
  strict,
);

/** Submit, list, show. */
export function jobRoutes(app: App, context: MasterContext): void {
  const { store, metrics } = context;

  app.post(
    '/jobs',
    {
      config: { needsRoom: true },
      schema: {
        summary: 'Submit a job, or an array of jobs: all or none',
        body: Body,
        response: answers(
          { 200: Type.Union([Job, Type.Array(Job)]), 201: Type.Union([Job, Type.Array(Job)]) },
          {
            413: 'Command, arguments and environment are too long',
            507: 'The disk is full but for its reserve',
            422: 'A blob is missing, a cap is reached, or the idempotency key had another body',
          },
        ),
      },
    },
    async (request, reply) => {
      const body = request.body as Body;
      const submissions = Array.isArray(body) ? body : [body];
      for (const [index, submission] of submissions.entries())
        await checkSubmission(context, submission, Array.isArray(body) ? `body[${index}]` : 'body');
      const results = await store.jobs.submit(submissions);
      const created = results.filter((result) => result.created);
      for (const { job } of created) metrics.submitted(job.queue);
      const jobs = results.map(({ job }) => job);
      return reply.code(created.length > 0 ? 201 : 200).send(Array.isArray(body) ? jobs : jobs[0]);
    },
  );

  app.get(
    '/jobs',
    { schema: { summary: 'Jobs, newest first, in short', querystring: Filter, response: answers({ 200: JobList }) } },
    async (request) => {
      const { limit, ...filter } = request.query;
      return store.jobs.list({ ...filter, limit: parseLimit(limit) });
    },
  );

  app.get(
    '/jobs/:id',
    {
      schema: {
        summary: 'One job with its attempts',
        params: Type.Object({ id: JobId }),
        response: answers({ 200: Job }, { 404: 'No such job' }),
      },
    },
    async (request) => requireJob(context, request.params.id),
  );
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
