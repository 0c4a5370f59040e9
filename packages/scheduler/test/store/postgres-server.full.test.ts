import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../../e2e/support/free-port.ts';
import { lacksPostgres, type PostgresServer, startPostgres } from '../../../../e2e/support/postgres.ts';
import { createPostgresStore, type Store } from '../../src/store/index.ts';

const missing = await lacksPostgres();

describe.skipIf(missing)('a PostgreSQL server', () => {
  let server: PostgresServer;
  const open: Store[] = [];
  const openStore = async () => {
    const store = createPostgresStore({ url: server.url });
    open.push(store);
    await store.start();
    return store;
  };
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await Promise.all(open.map((store) => store.stop()));
    await server?.stop();
  });

  test('is shared by two masters: one submits, the other is woken, and no job is claimed twice', async () => {
    const [one, two] = await Promise.all([openStore(), openStore()]);
    const queue = 'shared';
    const sessions = await Promise.all([
      one.nodes.register({ name: 'a', queues: [queue], slots: 100 }),
      two.nodes.register({ name: 'b', queues: [queue], slots: 100 }),
    ]);
    const woken = new Promise<void>((resolve) => two.attempts.onReady((name) => name === queue && resolve()));
    await one.jobs.submit(Array.from({ length: 100 }, () => ({ queue, command: 'echo' })));
    await woken;
    const claims = Array.from({ length: 40 }, (_, i) =>
      i % 2
        ? one.attempts.claim('a', sessions[0].session, { slots: 5 })
        : two.attempts.claim('b', sessions[1].session, { slots: 5 }),
    );
    const claimed = (await Promise.all(claims)).flatMap((one) => one.claimed);
    const { claimed: rest } = await two.attempts.claim('b', sessions[1].session, { slots: 100 });
    const ids = [...claimed, ...rest].map(({ attempt }) => attempt.jobId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(100);
  });

  test('is supervised by two masters at once, and each lost attempt is ended by one of them', async () => {
    const [one, two] = await Promise.all([openStore(), openStore()]);
    const queue = 'supervised';
    const { session } = await one.nodes.register({ name: 'lost', queues: [queue], slots: 300 });
    await one.jobs.submit(Array.from({ length: 300 }, () => ({ queue, command: 'echo', retryLimit: 1 })));
    const told: string[] = [];
    for (const store of [one, two])
      store.attempts.onExpired((expired) => told.push(...expired.map(({ jobId }) => jobId)));
    expect((await one.attempts.claim('lost', session, { slots: 300 })).claimed).toHaveLength(300);
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query("UPDATE weighbridge.attempts SET lease_until = now(), lease_seconds = 0 WHERE node = 'lost'");
    await Promise.all(Array.from({ length: 10 }, (_, n) => (n % 2 ? one : two).supervise()));
    const { rows } = await client.query(
      'SELECT state, lost_count, count(*)::int FROM weighbridge.jobs WHERE queue = $1 GROUP BY 1, 2',
      [queue],
    );
    await client.end();
    expect(rows).toEqual([{ state: 'queued', lost_count: 1, count: 300 }]);
    expect(told).toHaveLength(300);
    expect(new Set(told).size).toBe(300);
  });

  test('that is gone makes every call say so, and all is well again when it is back', async () => {
    const store = await openStore();
    await server.kill();
    await expect(store.ping()).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(store.jobs.submit([{ command: 'echo' }])).rejects.toMatchObject({ code: 'store-unavailable' });
    await server.start();
    await expect.poll(() => store.ping().then(() => 'back'), { timeout: 30_000 }).toBe('back');
    const woken = new Promise<void>((resolve) => store.attempts.onReady((name) => name === 'default' && resolve()));
    const [one] = await store.jobs.submit([{ command: 'echo' }]);
    expect(one?.created).toBe(true);
    // The listener connects again by itself, and says everything that may have been missed.
    await woken;
  });

  test('that is not there is named without the password', async () => {
    const port = await freePort();
    const store = createPostgresStore({ url: `postgres://user:secret@127.0.0.1:${port}/jobs` });
    const error = await store.start().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: { code: 'store-unreachable', address: `127.0.0.1:${port}/jobs` } });
    expect((error as Error).message).not.toContain('secret');
    await expect(createPostgresStore({ url: 'mysql://x' }).start()).rejects.toMatchObject({ code: 'bad-option' });
    const absent = server.url.replace(/[^/]*$/, 'missing');
    await expect(createPostgresStore({ url: absent }).start()).rejects.toMatchObject({
      failure: { code: 'store-unreachable', reason: 'database "missing" does not exist' },
    });
  });

  test.for([
    ['an earlier one, with pg-boss', { madeBy: 'pg-boss' }, 'CREATE TABLE weighbridge.schema_version (version int)'],
    [
      'a later one',
      { madeBy: 'later', migration: '9999-later.sql' },
      `CREATE TABLE weighbridge.migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now());
       INSERT INTO weighbridge.migrations VALUES ('9999-later.sql')`,
    ],
  ] as const)('whose schema was made by %s is left as it is', async ([, maker, sql], { task }) => {
    const name = `foreign_${task.id.replaceAll(/\W/g, '_')}`;
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    const url = server.url.replace(/[^/]*$/, name);
    const owner = new pg.Client(url);
    await owner.connect();
    await owner.query(`CREATE SCHEMA weighbridge; ${sql}`);
    const tables = async () =>
      (await owner.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'weighbridge'`)).rows;
    const before = await tables();
    await expect(createPostgresStore({ url }).start()).rejects.toMatchObject({
      failure: { code: 'data-foreign', ...maker },
    });
    expect(await tables()).toEqual(before);
    await owner.end();
  });
});
