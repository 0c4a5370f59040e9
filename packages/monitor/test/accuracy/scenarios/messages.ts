import type { RequestListener } from 'node:http';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const hello: RequestListener = (_request, response) => response.end('hello');
const afterBody: RequestListener = (request, response) => request.resume().on('end', () => response.end('got it'));

interface Message {
  readonly request: string;
  readonly handler?: RequestListener;
  readonly status?: string;
  /** The server ends the connection after the response. */
  readonly closes?: boolean;
  /** The head arrives alone, the body after the interim response. */
  readonly continues?: boolean;
}

/** The same exchange three times on one connection, then once more on a connection of its own. */
async function play(stage: Stage, { request, handler = hello, status = '200', closes, continues }: Message) {
  const server = await stage.serve(handler);
  const [method = '', endpoint = ''] = request.trimStart().split(/[ ?]/);
  for (const rounds of closes ? [1, 1] : [3, 1]) {
    const client = await stage.connect(server);
    client.frames.bodiless = method === 'HEAD';
    for (let round = 0; round < rounds; round++) {
      client.mark();
      if (continues) {
        const [head, body] = request.split(/(?<=\r\n\r\n)/) as [string, string];
        client.text = '';
        await client.send(head);
        await client.seen('100 Continue\r\n\r\n');
        await client.send(body);
      } else {
        await client.send(request);
      }
      const { bytes } = await client.response();
      const { sent, received } = client.mark();
      if (bytes !== received) throw new Error(`the response has ${bytes} bytes, but ${received} came`);
      stage.expect({ method, endpoint, status, in: sent, out: received });
    }
    await (closes ? client.closed() : client.end());
  }
}

const messages: Record<string, Message> = {
  'a GET': { request: 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n' },
  'a GET that closes': { request: 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', closes: true },
  'a POST with Content-Length': {
    request: `POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1000)}`,
    handler: afterBody,
  },
  'a chunked POST with extensions and trailers': {
    request:
      'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1;b="c"\r\nhello\r\n00a\r\n0123456789\r\n0\r\nX-T: 1\r\nX-U:2\r\n\r\n',
    handler: afterBody,
  },
  'a chunked response with trailers': {
    request: 'GET /a HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n',
    handler: (_request, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('a'.repeat(5000));
      response.addTrailers({ 'x-sum': '1' });
      response.end('b');
    },
  },
  'a HEAD': {
    request: 'HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n',
    handler: (_request, response) => response.writeHead(200, { 'content-length': '1000' }).end('never sent'),
  },
  'a 204': {
    request: 'DELETE /a HTTP/1.1\r\nHost: x\r\n\r\n',
    handler: (_request, response) => response.writeHead(204).end(),
    status: '204',
  },
  'a 304': {
    request: 'GET /a HTTP/1.1\r\nHost: x\r\nIf-None-Match: "1"\r\n\r\n',
    handler: (_request, response) => response.writeHead(304, { etag: '"1"' }).end(),
    status: '304',
  },
  'HTTP/1.0 without keep-alive': { request: 'GET /a HTTP/1.0\r\n\r\n', closes: true },
  'HTTP/1.0 with keep-alive': {
    request: 'GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    handler: (_request, response) => response.writeHead(200, { 'content-length': '5' }).end('hello'),
  },
  'odd header spacing': { request: 'GET /a HTTP/1.1\r\nHost:x\r\nA:    b   \r\nC:\t d\r\nE:\r\n\r\n' },
  'a leading CRLF': { request: '\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n' },
  'a POST with odd spacing': {
    request: '\r\nPOST /a HTTP/1.1\r\nHost:x\r\nContent-Length:    5\r\n\r\nhello',
    handler: afterBody,
  },
  'an OPTIONS with a query': { request: 'OPTIONS /a?b=c&d=%20 HTTP/1.1\r\nHost: x\r\nOrigin: http://x/\r\n\r\n' },
  '100-continue': {
    request: 'POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
    handler: afterBody,
    continues: true,
  },
  'early hints': {
    request: 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n',
    handler: (_request, response) =>
      response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () =>
        response.writeEarlyHints({ link: ['</b.css>; rel=preload', '</c.js>; rel=preload'] }, () => response.end('x')),
      ),
  },
  'a processing interim response': {
    request: 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n',
    handler: (_request, response) => {
      response.writeProcessing();
      setImmediate(() => response.end('x'));
    },
  },
  'an empty response': {
    request: 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n',
    handler: (_request, response) => response.end(),
  },
};

export const messageScenarios: Scenario[] = Object.entries(messages).map(([name, message]) => ({
  name,
  run: (stage) => play(stage, message),
}));
