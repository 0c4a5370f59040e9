import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { listenForStop } from '../src/services/stop-signals.ts';

function start() {
  const source = new EventEmitter();
  const endNow = vi.fn();
  const clock = { ms: 0 };
  const signals = listenForStop(source, endNow, () => clock.ms);
  const send = (signal: string) => source.emit(signal, signal);
  return { source, endNow, clock, signals, send };
}

test('the first signal is told', async () => {
  const { signals, send } = start();
  send('SIGTERM');
  await expect(signals.first).resolves.toBe('SIGTERM');
});

test('a second signal within a second is the same one, which npm forwarded', () => {
  const { endNow, clock, send } = start();
  send('SIGINT');
  clock.ms = 1000;
  send('SIGINT');
  expect(endNow).not.toHaveBeenCalled();
});

test('a later signal ends at once', () => {
  const { endNow, clock, send } = start();
  send('SIGINT');
  clock.ms = 1001;
  send('SIGTERM');
  expect(endNow).toHaveBeenCalledExactlyOnceWith('SIGTERM');
});

test('leaves no listener behind', () => {
  const { source, signals } = start();
  signals.dispose();
  expect(source.eventNames()).toEqual([]);
});
