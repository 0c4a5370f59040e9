import type { Database, Queryable } from './database.ts';
import { queueIndexes } from './queue-statements.ts';

/** Our tables: what pg-boss has no notion of. No foreign keys to its rows: a retry deletes and inserts them. */
const migrations = [
  `
  CREATE TABLE weighbridge.nodes (
    name text PRIMARY KEY,
    session uuid NOT NULL,
    queues text[] NOT NULL,
    slots int NOT NULL,
    labels jsonb NOT NULL,
    draining boolean NOT NULL DEFAULT false,
    registered_at timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL
  );
  CREATE TABLE weighbridge.attempts (
    job_id uuid NOT NULL,
    number int NOT NULL,
    queue text NOT NULL,
    node text NOT NULL,
    session uuid NOT NULL,
    slots int NOT NULL,
    retry_count int NOT NULL,
    started_at timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text,
    exit_code bigint,
    signal text,
    reason text,
    bytes_in bigint NOT NULL DEFAULT 0,
    bytes_out bigint NOT NULL DEFAULT 0,
    stdout_bytes bigint NOT NULL DEFAULT 0,
    stderr_bytes bigint NOT NULL DEFAULT 0,
    system_bytes bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, number)
  );
  CREATE INDEX attempts_open ON weighbridge.attempts (node) WHERE outcome IS NULL;
  CREATE INDEX attempts_ended ON weighbridge.attempts (ended_at) WHERE outcome IS NOT NULL;
  CREATE TABLE weighbridge.job_logs (
    job_id uuid PRIMARY KEY,
    bytes bigint NOT NULL DEFAULT 0,
    sequence int NOT NULL DEFAULT 0,
    cut boolean NOT NULL DEFAULT false
  );
  CREATE TABLE weighbridge.log_chunks (
    job_id uuid NOT NULL,
    sequence int NOT NULL,
    attempt int NOT NULL,
    stream text NOT NULL,
    stream_offset bigint NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (job_id, sequence)
  );
  CREATE TABLE weighbridge.blob_uses (
    sha256 text NOT NULL,
    job_id uuid NOT NULL,
    named_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sha256, job_id)
  );
  CREATE INDEX blob_uses_age ON weighbridge.blob_uses (named_at);
  ${queueIndexes}
  `,
  'ALTER TABLE weighbridge.nodes ADD COLUMN stopped_at timestamptz',
];

/** Brings our schema up to date; several masters may do so at once. */
export async function migrate(database: Database): Promise<void> {
  try {
    await database.transaction(migrateOnce);
  } catch (error) {
    if ((error as { code?: unknown }).code !== uniqueViolation) throw error;
    await database.transaction(migrateOnce);
  }
}

// Who waited for the lock may still go by a catalog snapshot from before, in which the schema isn't there: waiting for
// an advisory lock brings no news of the catalog, the next transaction does.
const uniqueViolation = '23505';

async function migrateOnce(tx: Queryable): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtext('weighbridge.migrate'))`);
  await tx.query('CREATE SCHEMA IF NOT EXISTS weighbridge');
  await tx.query('CREATE TABLE IF NOT EXISTS weighbridge.schema_version (version int NOT NULL)');
  const [row] = await tx.query('SELECT max(version) AS version FROM weighbridge.schema_version');
  for (const [index, statements] of migrations.entries()) {
    if (index < Number(row?.version ?? 0)) continue;
    await tx.query(statements);
    await tx.query('INSERT INTO weighbridge.schema_version (version) VALUES ($1)', [index + 1]);
  }
}
