import { readdir, readFile } from 'node:fs/promises';
import { StartError } from '../../errors.ts';
import type { Database, Transaction } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';

/** The same from src and from dist, which lie at the same depth. */
const folder = new URL('../../../migrations/', import.meta.url);

const lockMigrations = defineStatement({
  name: 'lock_migrations',
  parameters: {},
  columns: { isLocked: 'bool' },
  sql: () => `SELECT pg_advisory_xact_lock(hashtext('weighbridge.migrations')) IS NOT NULL AS "isLocked"`,
});

const findEarlierStore = defineStatement({
  name: 'find_earlier_store',
  parameters: {},
  columns: { isThere: 'bool' },
  sql: () => `SELECT to_regclass('weighbridge.schema_version') IS NOT NULL AS "isThere"`,
});

const listMigrations = defineStatement({
  name: 'list_migrations',
  parameters: {},
  columns: { name: 'text' },
  sql: () => 'SELECT name FROM weighbridge.migrations',
});

const addMigration = defineStatement({
  name: 'add_migration',
  parameters: { name: 'text' },
  columns: {},
  sql: ({ name }) => `INSERT INTO weighbridge.migrations (name) VALUES (${name})`,
});

const createMigrations = `
  CREATE SCHEMA IF NOT EXISTS weighbridge;
  CREATE TABLE IF NOT EXISTS weighbridge.migrations (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
  );
`;

const uniqueViolation = '23505';

/**
 * Brings the schema up to date with the files in `migrations/`, each once, in the order of their names. Several masters
 * may do so at once.
 *
 * @throws StartError `data-foreign` for a database that an earlier or a later Weighbridge made. Nothing is changed.
 */
export async function migrate(database: Database): Promise<void> {
  try {
    await database.transaction(migrateOnce);
  } catch (error) {
    if ((error as { code?: unknown }).code !== uniqueViolation) throw error;
    // Who waited for the lock may still go by a catalog from before, in which the schema isn't there.
    await database.transaction(migrateOnce);
  }
}

async function migrateOnce(tx: Transaction): Promise<void> {
  await tx.run(lockMigrations, {});
  if ((await tx.run(findEarlierStore, {}))[0]?.isThere)
    throw new StartError({ code: 'data-foreign', madeBy: 'pg-boss' });
  await tx.execute(createMigrations);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const applied = new Set((await tx.run(listMigrations, {})).map(({ name }) => name));
  const unknown = [...applied].find((name) => !files.includes(name));
  if (unknown !== undefined) throw new StartError({ code: 'data-foreign', madeBy: 'later', migration: unknown });
  for (const name of files) {
    if (applied.has(name)) continue;
    await tx.execute(await readFile(new URL(name, folder), 'utf8'));
    await tx.run(addMigration, { name });
  }
}
