import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { sessionSettings } from '../../../src/store/database/database.ts';
import { definedStatements, type Statement, toSqlType } from '../../../src/store/database/statement.ts';
import type { StoreKit } from './store-kit.ts';

/** A value of each type that no row has. */
const samples: Record<string, unknown> = {
  text: '\u{10ffff}',
  uuid: '00000000-0000-4000-8000-000000000000',
  bool: false,
  int4: 1,
  int8: 1,
  float8: 1e9,
  timestamptz: '2000-01-01',
  json: '[]',
  bytea: Buffer.alloc(0),
  'text[]': [],
  'uuid[]': [],
  'int4[]': [],
  'int8[]': [],
};

const byId = new Map(
  Object.entries(pg.types.builtins).map(([name, id]) => [Number(id), name.toLowerCase().replace(/^jsonb$/, 'json')]),
);
const arrays = new Map([
  [1009, 'text[]'],
  [2951, 'uuid[]'],
  [1007, 'int4[]'],
  [1016, 'int8[]'],
]);
const nameOf = (id: number) => arrays.get(id) ?? byId.get(id) ?? String(id);

const types = (fields: Statement['columns']) =>
  Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, toSqlType(type)]));

export function describeStatements(kit: () => StoreKit): void {
  describe('statements', () => {
    test('give the columns and types that they are declared with', async () => {
      const statements = definedStatements();
      expect(statements.length).toBeGreaterThan(25);
      for (const statement of statements) {
        const { fields } = await runUndone(kit().database.clientOptions, statement);
        const given = Object.fromEntries(fields.map(({ name, dataTypeID }) => [name, nameOf(dataTypeID)]));
        expect(given, statement.name).toEqual(types(statement.columns));
      }
    });

    test('read no table of jobs whole, though they are planned while it is small', async () => {
      for (const statement of definedStatements().filter(({ text }) => text.includes('weighbridge.'))) {
        const plan = await explainGeneric(kit().database.clientOptions, statement);
        expect(plan, statement.name).not.toMatch(/Seq Scan on (jobs|attempts|log_chunks|blob_uses|dependencies)/);
      }
    });

    test.for([
      [{}, 'jobs_newest'],
      [{ queue: 'q' }, 'jobs_newest_of_queue'],
      [{ state: 'failed' }, 'jobs_newest_in_state'],
      [{ queue: 'q', state: 'failed' }, 'jobs_newest_of_queue_in_state'],
    ] as const)('the list with %j is read from its index, in its order', async ([filter, index]) => {
      const name = ['list_jobs', ...Object.keys(filter), 'cursor'].join('_by_');
      const statement = definedStatements().find((one) => one.name === name);
      const plan = await explain(kit().database.clientOptions, statement?.text ?? '', [
        ...['queue', 'state'].map((key) => (filter as Record<string, string>)[key] ?? null),
        1.6e15,
        samples.uuid,
        51,
      ]);
      expect(plan).toMatch(new RegExp(`Index Scan using ${index} `));
      expect(plan).not.toMatch(/Sort Key: j/);
    });
  });
}

async function runUndone(options: pg.ClientConfig, { text, parameters }: Statement): Promise<pg.QueryResult> {
  const client = new pg.Client(options);
  await client.connect();
  try {
    await client.query('BEGIN');
    const values = Object.values(parameters).map((type) => samples[toSqlType(type)]);
    return await client.query(text, values);
  } finally {
    await client.end();
  }
}

/** The plan that serves every value, as a connection keeps it. */
async function explainGeneric(options: pg.ClientConfig, { text, parameters }: Statement): Promise<string> {
  const client = new pg.Client(options);
  await client.connect();
  try {
    await client.query(`${sessionSettings}; SET plan_cache_mode = force_generic_plan`);
    await client.query(`PREPARE explained AS ${text}`);
    const nulls = Object.keys(parameters).map(() => 'NULL');
    const { rows } = await client.query(`EXPLAIN EXECUTE explained${nulls.length > 0 ? ` (${nulls.join(', ')})` : ''}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  } finally {
    await client.end();
  }
}

async function explain(options: pg.ClientConfig, text: string, values: unknown[]): Promise<string> {
  const client = new pg.Client(options);
  await client.connect();
  try {
    // The tables are small here: what counts is which way there is without reading them whole.
    await client.query('SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off');
    const { rows } = await client.query(`EXPLAIN ${text}`, values);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  } finally {
    await client.end();
  }
}
