import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { SentBytes } from '../src/capture/protocols/http2/http2-sent.ts';

// The client's own streams, in this process, have sent nothing.
const asked = { least: 1, most: 1_000_000 };

/** Asks of streams that are sent so many bytes each, and tells what was answered, by the place of the question. */
async function askOf(
  lengths: readonly number[],
  questions: readonly { id: number; least: number; most: number }[],
): Promise<(number | undefined)[]> {
  const sent = new SentBytes();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const streams: ServerHttp2Stream[] = [];
  server.on('stream', (stream) => {
    const length = lengths[streams.push(stream) - 1] as number;
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(length));
  });
  const answers = Promise.all(
    questions.map(
      ({ id, least, most }) => new Promise<number | undefined>((resolve) => sent.ask(id, least, most, resolve)),
    ),
  );
  for (const _ of lengths) client.request({ ':path': '/' }).resume();
  const answered = await answers;
  client.close();
  server.close();
  return answered;
}

test('each question is answered by the stream of its number', async () => {
  const questions = [1, 3, 5].map((id) => ({ id, ...asked }));
  expect(await askOf([10, 20, 30], questions)).toEqual([10, 20, 30]);
});

test('a stream of that number whose bytes are out of the bounds is another', async () => {
  const questions = [
    { id: 1, least: 11, most: 100 },
    { id: 1, least: 1, most: 9 },
    { id: 3, least: 20, most: 20 },
  ];
  expect(await askOf([10, 20], questions)).toEqual([undefined, undefined, 20]);
});

test('two questions of one number get one answer each', async () => {
  const questions = [
    { id: 1, ...asked },
    { id: 1, ...asked },
  ];
  expect(await askOf([10], questions)).toEqual([10, undefined]);
});
