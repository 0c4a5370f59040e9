import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readEvents, type ServerSentEvent, SilentStreamError } from '../src/server-sent-events.ts';

async function eventsOf(...chunks: string[]): Promise<ServerSentEvent[]> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const events: ServerSentEvent[] = [];
  for await (const event of readEvents(stream, 1000)) events.push(event);
  return events;
}

const message = (data: string) => ({ type: 'message', data });

test('reads events, however the stream is cut', async () => {
  const text = 'data: {"a":1}\n\nevent: end\ndata: x\ndata: y\n\n';
  const whole = [message('{"a":1}'), { type: 'end', data: 'x\ny' }];
  expect(await eventsOf(text)).toEqual(whole);
  expect(await eventsOf(...text)).toEqual(whole);
});

test('takes every line ending, and data without a space', async () => {
  expect(await eventsOf('data:1\r\n\r\ndata: 2\n\n')).toEqual([message('1'), message('2')]);
});

test('skips comments and fields that it does not know', async () => {
  expect(await eventsOf(': keep-alive\n\nid: 4\ndata: 1\nretry: 5\n\n')).toEqual([message('1')]);
});

test('drops an event that the end of the stream cut off', async () => {
  expect(await eventsOf('data: 1\n\ndata: {"half"')).toEqual([message('1')]);
});

describe('a stream that dies without saying so', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('is ended once it was silent for too long; a keep-alive is a sign of life', async () => {
    const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
    const writer = writable.getWriter();
    const ended = expect(readEvents(readable, 1000).next()).rejects.toBeInstanceOf(SilentStreamError);
    for (let time = 0; time < 5; time++) {
      await vi.advanceTimersByTimeAsync(999);
      void writer.write(new TextEncoder().encode(': keep-alive\n\n'));
    }
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1001);
    await ended;
    expect(vi.getTimerCount()).toBe(0);
  });
});
