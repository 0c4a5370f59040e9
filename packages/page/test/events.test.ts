import { expect, test } from 'vitest';
import { readEvents, type ServerSentEvent } from '../browser/page/events.ts';

async function eventsOf(...chunks: string[]): Promise<ServerSentEvent[]> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const events: ServerSentEvent[] = [];
  for await (const event of readEvents(stream)) events.push(event);
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

test('tells of every chunk, so that silence can be told from keep-alives', async () => {
  let chunks = 0;
  const stream = new Blob([': keep-alive\n\n']).stream();
  for await (const _ of readEvents(stream, () => chunks++)) expect.fail('a comment is no event');
  expect(chunks).toBe(1);
});
