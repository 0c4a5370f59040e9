import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { socketUrl } from '../../src/store/embedded/embedded-server.ts';
import { createEmbeddedStore } from '../../src/store/index.ts';
import { describeStore } from './conformance/index.ts';

describeStore('the embedded store', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'weighbridge-store-'));
  const store = createEmbeddedStore({ dataDir });
  await store.start();
  return {
    store,
    url: socketUrl(join(dataDir, 'store')),
    close: async () => {
      await store.stop();
      await rm(dataDir, { recursive: true });
    },
  };
});
