import { describe } from 'vitest';
import { lacksPostgres, startPostgres } from '../../../../e2e/support/postgres.ts';
import { createPostgresStore } from '../../src/store/index.ts';
import { describeStore } from './conformance/index.ts';

const missing = await lacksPostgres();

describe.skipIf(missing)('on a server of its own', () => {
  describeStore('the PostgreSQL store', async () => {
    const server = await startPostgres();
    const store = createPostgresStore({ url: server.url });
    await store.start();
    return {
      store,
      url: server.url,
      close: async () => {
        await store.stop();
        await server.stop();
      },
    };
  });
});
