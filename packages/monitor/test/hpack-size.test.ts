import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type OutgoingHttpHeaders,
  sensitiveHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HeadFrames } from '../src/capture/protocols/http2/http2-frames.ts';
import { FrameRelay } from './support/frame-relay.ts';

/** Lengths of a stream's heads as computed, by its number. */
const computed = new Map<number, { in: number; out: number }>();
let server: Http2Server;

beforeAll(async () => {
  server = createServer();
  server.on('session', (session) => {
    const [received, sent] = [new HeadFrames(), new HeadFrames()];
    session.on('stream', (stream, headers, _flags, rawHeaders) => {
      if (stream.id === 1) sent.limit(session.remoteSettings.headerTableSize);
      received.measureRaw(rawHeaders as unknown as string[]);
      stream.respond(JSON.parse(String(headers['x-answer'])));
      sent.measure(stream.sentHeaders);
      computed.set(stream.id as number, { in: received.length, out: sent.length });
      stream.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  server.close();
});

async function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, answer: object): Promise<number> {
  const stream = session.request({ ...headers, 'x-answer': JSON.stringify(answer) }, { endStream: true });
  stream.resume();
  await once(stream, 'close');
  return stream.id as number;
}

const name = fc.constantFrom(
  ...[
    'accept',
    'accept-charset',
    'accept-encoding',
    'user-agent',
    'cookie',
    'authorization',
    'etag',
    'content-type',
    'location',
    'set-cookie',
    'x-a',
    'x-bc',
  ],
  ...Array.from({ length: 30 }, (_, index) => `x-${index}`),
);
const value = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('', 'a', 'gzip, deflate', 'text/html; charset=utf-8', '*/*', '0123456789'.repeat(3)),
  },
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 60 }).map((text) => text.trim()) },
  { weight: 1, arbitrary: fc.integer({ min: 500, max: 5000 }).map((length) => '~'.repeat(length)) },
);
const head = fc.dictionary(name, value, { maxKeys: 12 });
const requestHead = fc
  .tuple(head, fc.constantFrom('GET', 'POST', 'PUT'), fc.constantFrom('/', '/index.html', '/a?b=c'))
  .map(([fields, method, path]) => ({ ':method': method, ':path': path, ...fields }));
const responseHead = fc
  .tuple(head, fc.constantFrom(200, 201, 204, 206, 304, 400, 404, 500, 503))
  .map(([fields, status]) => ({ ':status': status, ...fields }));
/** Of the client, which the server must keep to. */
const tableSize = fc.constantFrom(4096, 4096, 0, 150, 1000);

/** An empty DATA frame ends a response that might have had a body. */
const endOf = (status: number) => (status === 204 || status === 304 ? 0 : 9);

test('heads are as long as nghttp2 makes them, whatever was sent before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(requestHead, responseHead), { minLength: 1, maxLength: 30, size: 'max' }),
      tableSize,
      async (exchanges, headerTableSize) => {
        computed.clear();
        const relay = await FrameRelay.start((server.address() as AddressInfo).port);
        const session = connect(`http://127.0.0.1:${relay.port}`, { settings: { headerTableSize } });
        try {
          // The first head also tells of the table's size, in up to 3 bytes that are not computed.
          await ask(session, { ':path': '/' }, { ':status': 200 });
          for (const [request, response] of exchanges) {
            const id = await ask(session, request, response);
            const { in: bytesIn, out } = relay.of(id);
            expect(computed.get(id)).toEqual({ in: bytesIn, out: out - endOf(response[':status']) });
          }
        } finally {
          session.destroy();
          await relay.stop();
        }
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

test('a header that must not be compressed with others is not kept', () => {
  const [kept, secret] = [new HeadFrames(), new HeadFrames()];
  for (const _ of [1, 2]) {
    kept.measure({ 'x-token': 'abcdefghij' });
    secret.measure({ 'x-token': 'abcdefghij', [sensitiveHeaders]: ['x-token'] });
  }
  expect(kept.length).toBe(10);
  expect(secret.length).toBeGreaterThan(20);
});

test('a peer with a small table gets longer heads', () => {
  const small = new HeadFrames();
  small.limit(0);
  for (const _ of [1, 2]) small.measure({ 'x-name': 'value' });
  expect(small.length).toBeGreaterThan(15);
});

test('how much longer a head is where nothing is compressed is known', () => {
  const head = new HeadFrames();
  head.measure({ 'x-ab': 'c' });
  expect(head.length + head.slack).toBe(9 + 3 + 'x-ab'.length + 'c'.length);
});

test('a header that is sensitive this time is not taken for what it was the last time', () => {
  const head = new HeadFrames();
  const lengthOf = (fields: object) => {
    head.measure({ ...fields });
    return head.length;
  };
  expect(lengthOf({ 'accept-encoding': 'gzip, deflate' })).toBe(9 + 1);
  expect(lengthOf({ 'accept-encoding': 'gzip, deflate', [sensitiveHeaders]: ['accept-encoding'] })).toBeGreaterThan(
    9 + 10,
  );
  expect(lengthOf({ 'accept-encoding': 'gzip, deflate' })).toBe(9 + 1);
});
