import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Master, Worker } from '@weighbridge/scheduler';

/** A master, or a worker of one, in a process of its own: `node scheduler-process.ts master|worker URL TOKEN`. */
const [kind, url = '', token = 'bench-token'] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'weighbridge-bench-'));
const service = kind === 'master' ? await startMaster() : await startWorker();
process.once('disconnect', stop);

async function stop(): Promise<void> {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
  process.exit();
}

async function startMaster(): Promise<Master> {
  const listen = '127.0.0.1:0';
  const master = new Master({ listen, metricsListen: listen, dataDir: folder, token, store: { kind: 'embedded' } });
  const info = await master.start();
  const resolutionMs = 5;
  const stalls = monitorEventLoopDelay({ resolution: resolutionMs });
  process.on('message', (message) => {
    if (message === 'begin') {
      stalls.reset();
      stalls.enable();
    } else if (message === 'end') {
      stalls.disable();
      process.send?.({ longestMs: stalls.max / 1e6 - resolutionMs, p99Ms: stalls.percentile(99) / 1e6 - resolutionMs });
    }
  });
  process.send?.({ url: info.apiUrl });
  return master;
}

async function startWorker(): Promise<Worker> {
  const worker = new Worker({
    master: url,
    token,
    name: 'bench',
    slots: 8,
    allow: ['true'],
    workDir: folder,
    onEvent: ({ type, attempt }) => {
      if (type === 'attempt-started')
        process.send?.({ jobId: attempt?.jobId, atMs: performance.timeOrigin + performance.now() });
    },
  });
  await worker.start();
  process.send?.({ ready: true });
  return worker;
}
