import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from '@weighbridge/protocol';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { anyPorts, type Running, start } from '../support/cli.ts';
import { createFolder } from '../support/folder.ts';
import { attemptKey, type Ledger, startLoad } from '../support/job-load.ts';
import { lacksPostgres, startPostgres } from '../support/postgres.ts';

const missing = await lacksPostgres();

const clientsOf =
  ({ apiUrl, env }: Running) =>
  (node: string) =>
    new Client({ url: apiUrl, token: env.WEIGHBRIDGE_TOKEN ?? '', node });

/** Compares what a database holds, read past the product, with what the load was told. */
async function assertNothingLost(url: string, ledger: Ledger, jobs: number): Promise<{ attempts: number }> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const stored = await client.query('SELECT id, idempotency_key AS key, state FROM weighbridge.jobs');
    expect(new Map(stored.rows.map(({ key, id }) => [key, id]))).toEqual(ledger.submitted);
    expect(stored.rows.filter(({ state }) => state !== 'succeeded')).toEqual([]);
    expect(stored.rowCount).toBe(jobs);
    const attempts = await client.query(
      'SELECT job_id AS "jobId", number AS attempt, outcome FROM weighbridge.attempts',
    );
    const succeeded = attempts.rows.filter(({ outcome }) => outcome === 'succeeded');
    expect(new Set(succeeded.map(attemptKey))).toEqual(ledger.completed);
    expect(succeeded).toHaveLength(jobs);
    expect([...ledger.claimed].filter(([, times]) => times > 1)).toEqual([]);
    return { attempts: attempts.rowCount ?? 0 };
  } finally {
    await client.end();
  }
}

const jobs = 2000;

describe.skipIf(missing)('a PostgreSQL server', () => {
  test('shared by two masters that claim at once hands out each job once', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.stop());
    const startMaster = async () =>
      start(['master', '--database-url', server.url, ...anyPorts, '--data', await createFolder()]);
    const masters = [await startMaster(), await startMaster()];
    const { ledger, done } = startLoad(masters.map(clientsOf), jobs);
    await done;
    expect(ledger.failures).toBe(0);
    expect(await assertNothingLost(server.url, ledger, jobs)).toEqual({ attempts: jobs });
  });

  test('stopped at once under load loses nothing', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.stop());
    const master = await start(['master', '--database-url', server.url, ...anyPorts, '--data', await createFolder()]);
    const { ledger, done } = startLoad([clientsOf(master)], jobs);
    for (const share of [0.2, 0.5, 0.8]) {
      await expect.poll(() => ledger.submitted.size, { interval: 5, timeout: 60_000 }).toBeGreaterThan(share * jobs);
      await server.kill('SIGQUIT');
      await setTimeout(200);
      await server.start();
    }
    await done;
    expect(ledger.failures).toBeGreaterThan(0);
    await assertNothingLost(server.url, ledger, jobs);
  });
});

test('the embedded PostgreSQL stopped at once under load loses nothing', async () => {
  const folder = await createFolder();
  const master = await start(['master', '--embedded', ...anyPorts, '--data', folder]);
  const { ledger, done } = startLoad([clientsOf(master)], jobs);
  const pidFile = join(folder, 'store', 'cluster', 'postmaster.pid');
  for (const [share, signal] of [
    [0.2, 'SIGQUIT'],
    [0.5, 'SIGKILL'],
    [0.8, 'SIGQUIT'],
  ] as const) {
    await expect.poll(() => ledger.submitted.size, { interval: 5, timeout: 60_000 }).toBeGreaterThan(share * jobs);
    process.kill(Number((await readFile(pidFile, 'utf8')).split('\n')[0]), signal);
  }
  await done;
  expect(ledger.failures).toBeGreaterThan(0);
  const url = `postgresql://weighbridge@/postgres?host=${encodeURIComponent(join(folder, 'store'))}`;
  await assertNothingLost(url, ledger, jobs);
});
