import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from 'vitest';
import { Worker, type WorkerEvent, type WorkerOptions } from '../../../src/worker/index.ts';
import { ScriptedMaster } from './scripted-master.ts';

interface Fixtures {
  master: ScriptedMaster;
  workDir: string;
  events: WorkerEvent[];
  /** Starts a worker of the scripted master; stopped after the test. */
  start: (options?: Partial<WorkerOptions>) => Promise<Worker>;
}

/** Tests with a scripted master, a folder and workers of their own. */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads a fixture's needs from this pattern
  master: async ({}, use) => {
    const master = await ScriptedMaster.listen();
    await use(master);
    await master.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads a fixture's needs from this pattern
  workDir: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), 'weighbridge-test-'));
    await use(directory);
    await rm(directory, { recursive: true, force: true });
  },
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads a fixture's needs from this pattern
  events: async ({}, use) => {
    await use([]);
  },
  start: async ({ master, workDir, events }, use) => {
    const workers: Worker[] = [];
    await use(async (options) => {
      const worker = new Worker({
        master: master.url,
        token: master.token,
        name: 'node-1',
        slots: 2,
        allow: ['sh', 'echo', 'sleep', 'cat', 'gzip', 'env'],
        workDir,
        onEvent: (event) => events.push(event),
        ...options,
      });
      workers.push(worker);
      await worker.start();
      return worker;
    });
    await Promise.all(workers.map((worker) => worker.stop()));
  },
});
