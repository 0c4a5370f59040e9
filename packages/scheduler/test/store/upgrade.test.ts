import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EmbeddedServer } from '../../src/store/embedded/embedded-server.ts';
import { createEmbeddedStore } from '../../src/store/index.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'weighbridge-upgrade-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const [id, session] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];

/** A store as the version with the first migration alone left it, with a job that runs. */
async function leaveEarlierStore(): Promise<void> {
  const server = new EmbeddedServer({ dataDir, onError: () => undefined });
  const client = new pg.Client(await server.start());
  await client.connect();
  await client.query(`CREATE SCHEMA weighbridge;
    CREATE TABLE weighbridge.migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO weighbridge.migrations VALUES ('0001-jobs.sql')`);
  await client.query(await readFile(new URL('../../migrations/0001-jobs.sql', import.meta.url), 'utf8'));
  await client.query(`
    INSERT INTO weighbridge.queues VALUES ('default');
    INSERT INTO weighbridge.nodes VALUES ('mill', '${session}', '{default}', 2, '{}', false, now(), now(), NULL);
    INSERT INTO weighbridge.jobs (id, queue, state, priority, slots, created_at, run_at, started_at, timeout_seconds,
      lease_seconds, attempt_count, retry_limit, command, args, env, inputs, output_globs)
    VALUES ('${id}', 'default', 'running', 0, 1, now(), now(), now(), 36000, 10, 1, 0, 'echo', '["hello"]', '{}', '[]', '[]');
    INSERT INTO weighbridge.attempts (job_id, number, node, session, slots, started_at, lease_until, overdue_at,
      stdout_bytes, log_bytes, log_sequence)
    VALUES ('${id}', 1, 'mill', '${session}', 1, now(), now() + interval '8 s', now() + interval '10 h', 4, 4, 1);
    INSERT INTO weighbridge.log_chunks VALUES ('${id}', 1, 1, 'stdout', 0, convert_to(E'one\\n', 'UTF8'))`);
  await client.end();
  await server.stop();
}

test('a store of an earlier version goes on with the job that runs', async () => {
  await leaveEarlierStore();
  const store = createEmbeddedStore({ dataDir });
  await store.start();
  const ref = { jobId: id, attempt: 1 };
  expect(await store.jobs.find(id)).toMatchObject({ state: 'running', leaseSeconds: 120, lostRetryLimit: 3 });
  expect((await store.jobs.list({ limit: 5 })).jobs).toMatchObject([
    { id, commandLine: 'echo ["hello"]', node: 'mill' },
  ]);
  expect(await store.nodes.find('mill')).toMatchObject({ state: 'ready', slotsUsed: 1 });
  expect(await store.nodes.heartbeat('mill', session, [ref])).toEqual({ end: [] });
  await store.logs.append({ ...ref, stream: 'stdout', offset: 4, bytes: Buffer.from('two\n') });
  expect((await store.logs.read(id, {}, 5)).map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
    'one\n',
    'two\n',
  ]);
  const end = await store.attempts.complete(ref, 'mill', { session, outcome: 'succeeded', exitCode: 0 });
  expect(end.state).toBe('succeeded');
  await store.stop();
});
