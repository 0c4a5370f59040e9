import type { JobSummary } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import { selectSummaries, summaryColumns, toSummary } from './summary-row.ts';

const findSummariesById = defineStatement({
  name: 'find_summaries_by_id',
  parameters: { ids: 'uuid[]' },
  columns: summaryColumns,
  sql: ({ ids }) => `${selectSummaries()} WHERE j.id = ANY(${ids})`,
});

const findSummariesBetween = defineStatement({
  name: 'find_summaries_between',
  parameters: { first: 'uuid', last: 'uuid', limit: 'int4' },
  columns: summaryColumns,
  sql: ({ first, last, limit }) =>
    `${selectSummaries()} WHERE j.id BETWEEN ${first} AND ${last} ORDER BY j.id LIMIT ${limit}`,
});

/** Those of these jobs that are there, in short, in any order. */
export async function findSummaries(on: Queryable, ids: string[]): Promise<JobSummary[]> {
  return ids.length === 0 ? [] : (await on.run(findSummariesById, { ids })).map(toSummary);
}

/** Jobs whose id begins so; `prefix`: hexadecimal digits, with or without hyphens. */
export async function findByPrefix(on: Queryable, prefix: string, limit: number): Promise<JobSummary[]> {
  const digits = prefix.replaceAll('-', '').toLowerCase();
  const parameters = { first: toUuid(digits.padEnd(32, '0')), last: toUuid(digits.padEnd(32, 'f')), limit };
  return (await on.run(findSummariesBetween, parameters)).map(toSummary);
}

const toUuid = (digits: string) => digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
