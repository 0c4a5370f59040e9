import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { afterEach, expect, test, vi } from 'vitest';
import { isRequestComplete, StreamHooks, type StreamListener } from '../src/capture/protocols/http2/http2-hooks.ts';
import { usable } from '../src/capture/self-test.ts';

type Pushed = (error: Error | null, stream: unknown, headers: unknown, flags: number) => void;

/** A class of streams as Node's, for calls in an order that Node's own would not make; real ones: http2.test.ts. */
function makeClass() {
  return class Stream extends EventEmitter {
    endAfterHeaders = false;
    readableEnded = false;
    _readableState = { ended: false };
    readonly calls: string[] = [];

    _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
      this.calls.push('_destroy');
      callback(error);
    }

    close(code: number): void {
      this.calls.push(`close ${code}`);
      this.readableEnded = true;
    }

    pushStream(headers: object, ...[options, callback]: [object, Pushed] | [Pushed]): void {
      this.calls.push(`pushStream ${JSON.stringify(headers)}`);
      const pushed = callback ?? (options as Pushed);
      pushed('error' in headers ? new Error('refused') : null, new EventEmitter(), headers, 7);
    }
  };
}

function makeListener(): { [Name in keyof StreamListener]: ReturnType<typeof vi.fn> } {
  return { onStreamDestroy: vi.fn(), onPush: vi.fn(), onFault: vi.fn() };
}

/** A stream on which something hangs. */
function makeHooked() {
  const Stream = makeClass();
  const stream = new Stream();
  const listener = makeListener();
  const install = () => StreamHooks.install(stream as unknown as ServerHttp2Stream, listener as StreamListener);
  install();
  return { Stream, stream, listener, install };
}

afterEach(() => {
  usable.streamDestroy = usable.readableEnded = true;
});

test('a stream’s end is told before it ends, once, and of another stream of its class nothing', () => {
  const { Stream, stream, listener, install } = makeHooked();
  install();
  listener.onStreamDestroy.mockImplementation(() => expect(stream.calls).toEqual([]));
  const callback = vi.fn();
  stream._destroy(null, callback);
  expect(listener.onStreamDestroy.mock.calls).toEqual([[stream]]);
  expect(listener.onFault).not.toHaveBeenCalled();
  expect(callback).toHaveBeenCalledOnce();
  const other = new Stream();
  other._destroy(null, callback);
  other.close(0);
  other.pushStream({}, callback);
  expect(other.calls).toEqual(['_destroy', 'close 0', 'pushStream {}']);
  expect(listener.onStreamDestroy).toHaveBeenCalledOnce();
  expect(listener.onPush).not.toHaveBeenCalled();
});

test('where a stream’s end can’t be told in advance, it is told when it is over', () => {
  usable.streamDestroy = false;
  const { stream, listener } = makeHooked();
  stream._destroy(null, () => {});
  expect(listener.onStreamDestroy).not.toHaveBeenCalled();
  stream.emit('close');
  expect(listener.onStreamDestroy.mock.calls).toEqual([[stream]]);
});

test.each([
  ['with options', [{}]],
  ['without options', []],
])('a promised stream is told of before the application has it, %s', (_case, options) => {
  const { stream, listener } = makeHooked();
  const callback = vi.fn(() => expect(listener.onPush).toHaveBeenCalledOnce());
  stream.pushStream({ a: 1 }, ...(options as [object]), callback);
  const [pushed] = callback.mock.calls as unknown as [Parameters<Pushed>];
  expect(pushed).toEqual([null, expect.any(EventEmitter), { a: 1 }, 7]);
  expect(listener.onPush.mock.calls).toEqual([[stream, pushed[1], { a: 1 }]]);
});

test('a promise that was refused is only the application’s to hear of', () => {
  const { stream, listener } = makeHooked();
  const callback = vi.fn();
  stream.pushStream({ error: true }, callback);
  expect(callback.mock.calls[0]?.[0]).toBeInstanceOf(Error);
  expect(listener.onPush).not.toHaveBeenCalled();
});

test('a fault of ours is told of, and neither the application nor Node meets it', () => {
  const { stream, listener } = makeHooked();
  const [first, second] = [new Error('push'), new Error('destroy')];
  const fail = (error: Error) => () => {
    throw error;
  };
  listener.onPush.mockImplementation(fail(first));
  listener.onStreamDestroy.mockImplementation(fail(second));
  const callback = vi.fn();
  stream.pushStream({}, callback);
  stream._destroy(null, callback);
  expect(callback).toHaveBeenCalledTimes(2);
  expect(listener.onFault.mock.calls).toEqual([[first], [second]]);
});

test('whether the request was complete is kept from the first time that the stream is closed', () => {
  const { stream } = makeHooked();
  const hooks = StreamHooks.find(stream);
  expect(hooks?.wasCompleteAtClose).toBeUndefined();
  for (const code of [0, 8]) stream.close(code);
  expect(hooks?.wasCompleteAtClose).toBe(false);
  expect(stream.calls).toEqual(['close 0', 'close 8']);
});

test.each([
  [{}, true, false],
  [{ endAfterHeaders: true }, true, true],
  [{ readableEnded: true }, true, true],
  [{ _readableState: { ended: true } }, true, true],
  [{ _readableState: { ended: true } }, false, false],
  [{ _readableState: undefined }, true, false],
])('a request with %j, its queue to be looked at: %s, is complete: %s', (state, mayLook, isComplete) => {
  usable.readableEnded = mayLook;
  const stream = Object.assign(new (makeClass())(), state);
  expect(isRequestComplete(stream as unknown as ServerHttp2Stream)).toBe(isComplete);
});
