import type { WorkerEvent, WorkerOptions } from '@weighbridge/scheduler';
import { FailedError } from './errors.ts';
import { loadScheduler } from './optional-packages.ts';
import type { Reporter } from './reporter.ts';
import type { Service } from './service.ts';

/** A worker as a service: it fails when another worker takes its name. */
export async function startWorker(options: WorkerOptions, reporter: Reporter): Promise<Service> {
  const { Worker } = await loadScheduler();
  let started = false;
  const onEvent = (event: WorkerEvent) => {
    // The first registration is told with the start.
    if (started || event.type !== 'registered') reporter.workerEvent(event);
  };
  const worker = new Worker({ ...options, onEvent });
  const info = await worker.start();
  started = true;
  reporter.worker(info);
  return { stop: () => worker.stop(), ended: endedOf(worker.ended, info.name) };
}

async function endedOf(ended: Promise<string>, name: string): Promise<never> {
  if ((await ended) === 'name-taken') {
    throw new FailedError(`another worker has registered as ${name}; start this one with another --name`);
  }
  // Stopped as asked: whoever asked goes on.
  return new Promise<never>(() => undefined);
}
