import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Reporter } from '../src/services/reporter.ts';
import { runUntilStopped, type Start } from '../src/services/service.ts';

let said: string[];
let reporter: Reporter;

beforeEach(() => {
  said = [];
  // The process of the tests lives on.
  vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
  const ignore = () => undefined;
  reporter = {
    starting: ignore,
    master: ignore,
    worker: ignore,
    workerEvent: ignore,
    workerFailed: ignore,
    ready: () => void said.push('ready'),
    stopping: (reason) => void said.push(`stopping: ${reason}`),
    stopped: () => void said.push('stopped'),
  };
});

afterEach(() => vi.restoreAllMocks());

function service(name: string, ended?: Promise<never>): Start {
  return async () => {
    said.push(`${name} starts`);
    return { stop: async () => void said.push(`${name} stops`), ...(ended && { ended }) };
  };
}

function signal(): void {
  process.emit('SIGTERM', 'SIGTERM');
}

test('starts in order, stops in reverse', async () => {
  const ready = Promise.withResolvers<void>();
  reporter.ready = () => ready.resolve();
  const running = runUntilStopped([service('master'), service('worker')], reporter);
  await ready.promise;
  signal();
  await running;
  expect(said).toEqual([
    'master starts',
    'worker starts',
    'stopping: SIGTERM',
    'worker stops',
    'master stops',
    'stopped',
  ]);
});

test('a signal during the start stops what was being started, and starts no more', async () => {
  const slow = Promise.withResolvers<void>();
  const master: Start = async () => {
    await slow.promise;
    return service('master')();
  };
  const stopping = Promise.withResolvers<void>();
  reporter.stopping = () => stopping.resolve();
  const running = runUntilStopped([master, service('worker')], reporter);
  signal();
  await stopping.promise;
  slow.resolve();
  await running;
  expect(said).toEqual(['master starts', 'master stops', 'stopped']);
});

test('when one cannot start, the earlier ones are stopped and its error is told', async () => {
  const failing: Start = () => Promise.reject(new Error('port in use'));
  await expect(runUntilStopped([service('master'), failing], reporter)).rejects.toThrow('port in use');
  expect(said).toEqual(['master starts', 'master stops']);
});

test('when one ends by itself, the others are stopped and its error is told', async () => {
  const ended = Promise.withResolvers<never>();
  const running = runUntilStopped([service('master'), service('worker', ended.promise)], reporter);
  ended.reject(new Error('name taken'));
  await expect(running).rejects.toThrow('name taken');
  expect(said).toContain('master stops');
});

test('one that fails to stop does not keep the others from stopping', async () => {
  const ready = Promise.withResolvers<void>();
  reporter.ready = () => ready.resolve();
  const stuck: Start = async () => ({ stop: () => Promise.reject(new Error('stuck')) });
  const running = runUntilStopped([service('master'), stuck], reporter);
  await ready.promise;
  signal();
  await expect(running).rejects.toThrow('stuck');
  expect(said).toEqual(['master starts', 'stopping: SIGTERM', 'master stops']);
});
