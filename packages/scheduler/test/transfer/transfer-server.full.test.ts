import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { lacksPostgres, type PostgresServer, startPostgres } from '../../../../e2e/support/postgres.ts';
import { createEmbeddedStore, createPostgresStore } from '../../src/store/index.ts';
import { exportStore } from '../../src/transfer/export-store.ts';
import { importStore } from '../../src/transfer/import-store.ts';
import { assertSame, fill, jobsOf, withStore } from './filled-store.ts';

const missing = await lacksPostgres();

let folder: string;
let server: PostgresServer | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weighbridge-transfer-'));
  if (!missing) server = await startPostgres();
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test.skipIf(missing)('from a folder to a PostgreSQL server and back is the same', async () => {
  const [from, there, back] = ['c', 'd', 'e'].map((name) => join(folder, name)) as [string, string, string];
  const url = server?.url ?? '';
  const { ids, jobs } = await withStore(createEmbeddedStore({ dataDir: from }), async (store) => ({
    ids: await fill(store, from),
    jobs: await jobsOf(store),
  }));
  const file = join(folder, 'c.tar');
  await exportStore({ dataDir: from, file });
  await importStore({ dataDir: there, databaseUrl: url, file });
  await withStore(createPostgresStore({ url }), (store) => assertSame(store, there, ids, jobs));
  const second = join(folder, 'd.tar');
  await exportStore({ dataDir: there, databaseUrl: url, file: second });
  await importStore({ dataDir: back, file: second });
  await withStore(createEmbeddedStore({ dataDir: back }), (store) => assertSame(store, back, ids, jobs));
});
