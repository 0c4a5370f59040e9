import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from '@weighbridge/scheduler';
import { bossRates } from './boss.ts';

/**
 * A part of the bench in a process of its own: `service-process.ts worker MASTER_URL TOKEN` or `boss DATABASE_URL
 * SECONDS`. It tells its parent what it has to, and ends when the parent goes.
 */
const [kind, ...args] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'weighbridge-bench-'));
const parts: Record<string, () => Promise<{ stop(): Promise<void> }>> = {
  worker: () => startWorker(args[0] ?? '', args[1] ?? ''),
  boss: () => startBoss(args[0] ?? '', Number(args[1])),
};
const service = await parts[kind ?? '']?.();
process.once('disconnect', stop);

async function stop(): Promise<void> {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
  process.exit();
}

async function startWorker(url: string, token: string): Promise<Worker> {
  const worker = new Worker({
    master: url,
    token,
    name: 'bench',
    slots: 8,
    allow: ['true'],
    workDir: folder,
    onEvent: (event) => {
      if (event.type === 'attempt-started')
        process.send?.({ jobId: event.attempt.jobId, atMs: performance.timeOrigin + performance.now() });
    },
  });
  await worker.start();
  process.send?.({ ready: true });
  return worker;
}

async function startBoss(url: string, seconds: number): Promise<{ stop(): Promise<void> }> {
  process.send?.(await bossRates(url, seconds));
  return { stop: async () => undefined };
}
