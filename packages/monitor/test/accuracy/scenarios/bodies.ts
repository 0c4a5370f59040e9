import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliCompress, createGzip } from 'node:zlib';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const request = (head: string) => `${head}\r\nHost: x\r\n\r\n`;
const block = randomBytes(64 * 1024);

function* blocks(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= block.length) yield block.subarray(0, Math.min(left, block.length));
}

/** One GET, twice on a connection: as transferred, whatever encoding. */
async function download(stage: Stage, handler: RequestListener): Promise<void> {
  const server = await stage.serve(handler);
  const client = await stage.connect(server);
  for (let round = 0; round < 2; round++) {
    const { sent, received } = await client.ask(request('GET /a HTTP/1.1'));
    stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
  }
  await client.end();
}

function compressed(encoding: 'gzip' | 'br'): Scenario['run'] {
  const text = 'all work and no play makes a dull test. '.repeat(20_000);
  return (stage) =>
    download(stage, (_request, response) => {
      response.setHeader('content-encoding', encoding);
      void pipeline(Readable.from([text]), encoding === 'gzip' ? createGzip() : createBrotliCompress(), response);
    });
}

async function pipedDownload(stage: Stage): Promise<void> {
  const { largeBytes } = stage.options;
  await download(stage, (_request, response) => void pipeline(Readable.from(blocks(largeBytes)), response));
}

async function pipedUpload(stage: Stage): Promise<void> {
  const { largeBytes } = stage.options;
  const server = await stage.serve((req, response) => {
    let bytes = 0;
    req.on('data', (data: Buffer) => {
      bytes += data.length;
    });
    req.on('end', () => response.end(String(bytes)));
  });
  const client = await stage.connect(server);
  client.mark();
  await client.send(`POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${largeBytes}\r\n\r\n`);
  for (const data of blocks(largeBytes)) await client.send(data);
  await client.response();
  const { sent, received } = client.mark();
  stage.expect({ method: 'POST', endpoint: '/a', status: '200', in: sent, out: received });
  await client.end();
}

/** Both ways at once: the answer flows while the request does. */
async function echo(stage: Stage): Promise<void> {
  const { largeBytes } = stage.options;
  const server = await stage.serve((req, response) => void pipeline(req, response));
  const client = await stage.connect(server);
  client.mark();
  await client.send('POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (const data of blocks(largeBytes)) {
    await client.send(`${data.length.toString(16)}\r\n`);
    await client.send(data);
    await client.send('\r\n');
  }
  await client.send('0\r\n\r\n');
  await client.response();
  const { sent, received } = client.mark();
  stage.expect({ method: 'POST', endpoint: '/a', status: '200', in: sent, out: received });
  await client.end();
}

async function manySmall(stage: Stage, count: number): Promise<void> {
  const server = await stage.serve((req, response) => response.end('x'.repeat(Number(req.headers['x-size']))));
  const client = await stage.connect(server);
  for (let round = 0; round < count; round++) {
    const { sent, received } = await client.ask(
      `GET /a HTTP/1.1\r\nHost: x\r\nX-Size: ${round % 50}\r\nX-Pad: ${'p'.repeat(round % 37)}\r\n\r\n`,
    );
    stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
  }
  await client.end();
}

export const bodyScenarios: Scenario[] = [
  { name: 'a gzip response, as transferred', run: compressed('gzip') },
  { name: 'a br response, as transferred', run: compressed('br') },
  { name: 'a large piped download', run: pipedDownload },
  { name: 'a large piped upload', run: pipedUpload },
  { name: 'a large echo, both ways at once', run: echo },
  { name: '300 small requests on one connection', run: (stage) => manySmall(stage, 300) },
  { name: '10,000 small requests on one connection', slow: true, run: (stage) => manySmall(stage, 10_000) },
];
