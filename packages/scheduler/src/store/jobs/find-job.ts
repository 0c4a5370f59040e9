import type { Job } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import { jobColumns, selectJobs, toJob } from './job-row.ts';

const findJobsById = defineStatement({
  name: 'find_jobs_by_id',
  parameters: { ids: 'uuid[]' },
  columns: jobColumns,
  sql: ({ ids }) => `${selectJobs()} WHERE j.id = ANY(${ids})`,
});

export async function findJobs(on: Queryable, ids: string[]): Promise<Job[]> {
  return ids.length === 0 ? [] : (await on.run(findJobsById, { ids })).map(toJob);
}

export async function findJob(on: Queryable, id: string): Promise<Job | undefined> {
  return (await findJobs(on, [id]))[0];
}
