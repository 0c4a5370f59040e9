import { describe } from 'vitest';
import { createPostgresStore } from '../../src/store/index.ts';
import { findPostgres, installHint, startPostgres } from '../support/postgres.ts';
import { describeStore } from './conformance/index.ts';

const installed = (await findPostgres()) !== undefined;
if (!installed && process.env.CI) throw new Error(installHint);

describe.skipIf(!installed)(`on a server of its own (${installed ? 'installed' : installHint})`, () => {
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
