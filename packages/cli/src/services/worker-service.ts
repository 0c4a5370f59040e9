import { setTimeout as delay } from 'node:timers/promises';
import type { Worker, WorkerEvent, WorkerOptions } from '@weighbridge/scheduler';
import { FailedError } from '../errors.ts';
import { reportOf } from '../exit.ts';
import { loadScheduler } from '../optional-packages.ts';
import type { Reporter } from './reporter.ts';
import type { Service } from './service.ts';

/** A worker as a service: it fails when another worker takes its name over. */
export async function startWorker(options: WorkerOptions, reporter: Reporter): Promise<Service> {
  const worker = await createWorker(options, reporter);
  const { name } = await worker.start();
  return { stop: () => worker.stop(), ended: failWhenTaken(worker, name) };
}

const firstPauseMs = 1000;
const longestPauseMs = 30_000;
/** One that ran for so long did not fail at its start. */
const steadyMs = 60_000;

/**
 * A worker that is a part of something bigger: whenever it can't start, or has ended, it is started again.
 *
 * @throws the scheduler's OptionError
 */
export function keepWorker(options: WorkerOptions, reporter: Reporter): Promise<Service> {
  const stopping = new AbortController();
  const first = Promise.withResolvers<Service>();
  const running = keepRunning(options, reporter, stopping.signal, () => first.resolve(service));
  // Options that can't be right do not become so by trying again.
  running.catch(first.reject);
  const service: Service = {
    async stop() {
      stopping.abort();
      await running;
    },
  };
  return first.promise;
}

/** `onTried` hears of the first start, whether it succeeded or not: nobody waits for a worker any longer. */
async function keepRunning(
  options: WorkerOptions,
  reporter: Reporter,
  stopping: AbortSignal,
  onTried: () => void,
): Promise<void> {
  for (let pauseMs = firstPauseMs; !stopping.aborted; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    const startedMs = performance.now();
    const error = await runOnce(options, reporter, stopping, onTried);
    if (stopping.aborted) return;
    if (performance.now() - startedMs > steadyMs) pauseMs = firstPauseMs;
    reporter.workerFailed(error, pauseMs);
    onTried();
    await delay(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
  }
}

/** Runs a worker until it ends; gives why it did. */
async function runOnce(
  options: WorkerOptions,
  reporter: Reporter,
  stopping: AbortSignal,
  onStarted: () => void,
): Promise<string> {
  const worker = await createWorker(options, reporter);
  const stop = () => void worker.stop();
  stopping.addEventListener('abort', stop);
  try {
    const { name } = await worker.start();
    onStarted();
    return (await worker.ended) === 'name-taken' ? describeTaken(name) : 'it was stopped';
  } catch (error) {
    return reportOf(error, false).message ?? 'it could not be started';
  } finally {
    stopping.removeEventListener('abort', stop);
  }
}

/** A worker that tells what it does. */
async function createWorker(options: WorkerOptions, reporter: Reporter): Promise<Worker> {
  const { Worker } = await loadScheduler();
  const onEvent = (event: WorkerEvent) => {
    if (event.type === 'started') reporter.worker(event.worker);
    else reporter.workerEvent(event);
  };
  return new Worker({ ...options, onEvent });
}

const describeTaken = (name: string) => `another worker has taken the name ${name} over`;

async function failWhenTaken(worker: Worker, name: string): Promise<never> {
  if ((await worker.ended) === 'name-taken') {
    throw new FailedError(`${describeTaken(name)}; start this one with another --name`);
  }
  // Stopped as asked: whoever asked goes on.
  return new Promise<never>(() => undefined);
}
