import { once } from 'node:events';
import { Client, type JobSubmission } from '@weighbridge/protocol';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { anyPorts, type Running, start } from '../support/cli.ts';
import { Cluster } from '../support/cluster.ts';
import { CuttingProxy } from '../support/cutting-proxy.ts';
import { createFolder } from '../support/folder.ts';
import { lacksPostgres, type PostgresServer, startPostgres } from '../support/postgres.ts';

const missing = await lacksPostgres();

const job: JobSubmission = { command: 'true', idempotencyKey: 'once' };
const session = { queues: ['default'], slots: 4, name: 'node' };
const chunk = { stream: 'stdout', offset: 0, bytes: Buffer.from('told once\n') } as const;

/** What a database holds, read past the product. */
async function ledger(url: string) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const read = async (sql: string) => (await client.query(sql)).rows.map((row) => row.value);
    return {
      jobs: await read('SELECT state AS value FROM weighbridge.jobs'),
      attempts: await read(`SELECT coalesce(outcome, 'open') AS value FROM weighbridge.attempts`),
      log: await read(`SELECT convert_from(bytes, 'UTF8') AS value FROM weighbridge.log_chunks ORDER BY sequence`),
    };
  } finally {
    await client.end();
  }
}

/** Each step's answer is lost, `lose` kills something in its place; then it is repeated, as a caller would. */
async function losesNothing(options: {
  lose: (step: 'submit' | 'log' | 'result', run: () => Promise<unknown>) => Promise<void>;
  client: () => Client;
  databaseUrl: () => string;
}): Promise<void> {
  const { lose, client, databaseUrl } = options;
  await lose('submit', () => client().submit(job));
  expect(await ledger(databaseUrl())).toEqual({ jobs: ['queued'], attempts: [], log: [] });
  const repeated = await client().submit(job);
  expect(await ledger(databaseUrl())).toMatchObject({ jobs: ['queued'] });

  const { session: id } = await client().register(session);
  const { attempts } = await client().claim('node', { session: id, slots: 1, waitSeconds: 5 });
  expect(attempts).toMatchObject([{ jobId: repeated.id, attempt: 1 }]);
  const ref = { jobId: repeated.id, attempt: 1 };
  const append = () => client().appendLog(ref, chunk);
  await lose('log', append);
  await append();
  expect((await ledger(databaseUrl())).log).toEqual(['told once\n']);
  await client().heartbeat('node', { session: id, attempts: [ref] });

  const complete = () => client().result(ref, { session: id, outcome: 'succeeded', exitCode: 0 });
  await lose('result', complete);
  await expect(complete()).rejects.toMatchObject({ code: 'stale-attempt' });
  expect(await ledger(databaseUrl())).toEqual({ jobs: ['succeeded'], attempts: ['succeeded'], log: ['told once\n'] });
}

describe.skipIf(missing)('between commit and answer', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  async function emptyDatabase(name: string): Promise<string> {
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    return server.url.replace(/[^/]*$/, name);
  }

  test('a kill -9 of the master loses nothing and doubles nothing', async () => {
    const folder = await createFolder();
    const url = await emptyDatabase('killed_master');
    const startMaster = () => start(['master', '--database-url', url, ...anyPorts, '--data', folder]);
    let master: Running = await startMaster();
    const proxy = await CuttingProxy.listen(() => Number(new URL(master.apiUrl).port));
    onTestFinished(() => proxy.close());
    const token = master.env.WEIGHBRIDGE_TOKEN ?? '';
    const client = () => new Client({ url: `http://127.0.0.1:${proxy.port}`, token, node: 'node' });
    const paths = { submit: 'POST /jobs ', log: '/logs?', result: '/result' };
    await losesNothing({
      client,
      databaseUrl: () => url,
      lose: async (step, run) => {
        const exited = once(master.child, 'exit');
        const lost = proxy.loseAnswerTo(paths[step], () => void master.child.kill('SIGKILL'));
        await expect(run()).rejects.toThrow();
        await Promise.all([lost, exited]);
        master = await startMaster();
      },
    });
  });

  test('a kill -9 of PostgreSQL loses nothing and doubles nothing', async () => {
    const folder = await createFolder();
    const url = await emptyDatabase('killed_server');
    const proxy = await CuttingProxy.listen(() => server.port);
    onTestFinished(() => proxy.close());
    const through = url.replace(String(server.port), String(proxy.port));
    const master = await start(['master', '--database-url', through, ...anyPorts, '--data', folder]);
    const client = () => new Client({ url: master.apiUrl, token: master.env.WEIGHBRIDGE_TOKEN ?? '', node: 'node' });
    const statements = { submit: 'insert_jobs', log: 'append_chunk', result: 'end_attempt\0' };
    await losesNothing({
      client,
      databaseUrl: () => url,
      lose: async (step, run) => {
        let killed: Promise<void> | undefined;
        const lost = proxy.loseAnswerTo(statements[step], () => {
          killed = server.kill('SIGKILL');
        });
        await expect(run()).rejects.toMatchObject({ code: 'store-unavailable' });
        await lost;
        await killed;
        await server.start();
        await expect
          .poll(() =>
            client()
              .jobs({ limit: 1 })
              .then(() => 'back', String),
          )
          .toBe('back');
      },
    });
  });
});

test('an attempt whose claim was not answered is begun by the same worker, at once', async () => {
  const cluster = await Cluster.start();
  onTestFinished(() => cluster.stop());
  const proxy = await CuttingProxy.listen(() => Number(new URL(cluster.master?.apiUrl ?? '').port));
  onTestFinished(() => proxy.close());
  const lost = proxy.loseAnswerTo('POST /nodes/one/claim', () => undefined);
  await cluster.startWorker('one', `http://127.0.0.1:${proxy.port}`);
  const { id } = await cluster.client.submit({ command: 'sh', args: ['-c', 'echo ran'], lostRetryLimit: 0 });
  await lost;
  expect((await cluster.client.job(id)).state).toBe('running');
  const began = performance.now();
  expect(await cluster.untilEnded(id)).toMatchObject({ state: 'succeeded', attempts: [['one', 'succeeded']] });
  expect(performance.now() - began).toBeLessThan(5000);
});
