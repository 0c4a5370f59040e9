import type { RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import type { Amount, Scenario } from '../scenario.ts';
import type { ServeOptions, Stage } from '../stage.ts';
import type { WireClient } from '../wire-client.ts';
import { certificate, warm } from './tls.ts';

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
/** What the kernels of both sides hold at most for a client that doesn't read. */
const buffers = 16_000_000;
/** Longer than any time between two readings of a connection with unsent output, with room for a busy machine. */
const settledMs = 400;

type Respond = (response: ServerResponse) => void;

/** Asks, and reads until so many bytes have come; nobody looks at the monitor meanwhile. */
async function read(client: WireClient, bytes: number): Promise<void> {
  client.raw.on('data', () => {
    if (client.received >= bytes) client.stream.pause();
  });
  await client.send(get);
  await client.until(() => client.received >= bytes);
}

/** Reads some of a download, stops, and goes while the rest waits in Node. */
async function stopAndGo(stage: Stage, respond: Respond, bytes: number): Promise<void> {
  const client = await stage.connect(await stage.serve((_request, response) => respond(response)));
  await read(client, bytes);
  await wait(settledMs);
  const { received } = client;
  await client.reset();
  stage.lose();
  const out: Amount = [received, received + buffers];
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: get.length, out, aborted: true });
}

/**
 * Goes in the middle of a download. The server doesn't read at that moment, so only a write that fails tells it of the
 * reset, and Node has emptied its queue by then: what the client had a moment before has been counted all the same.
 */
async function goInFlow(stage: Stage, respond: Respond): Promise<void> {
  const server = await stage.serve((request, response) => {
    request.pause();
    respond(response);
  });
  const client = await stage.connect(server);
  const body = 2_000_000;
  void client.send(`POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${body}\r\n\r\n${'b'.repeat(body)}`).catch(() => {});
  client.raw.on('data', () => {
    client.raw.pause();
    setTimeout(() => client.raw.resume(), 1).unref();
  });
  await client.until(() => client.received > 15_000_000);
  const before = client.received;
  await wait(settledMs);
  const { received } = client;
  await client.reset();
  stage.lose();
  stage.expect({
    ...{ method: 'POST', endpoint: '/a', status: '200', in: [1, body + 100], aborted: true },
    out: [before, received + buffers],
  });
}

/** Many small writes that the kernel takes at once, and one that it refuses: all before it was sent. */
async function lateRefusal(stage: Stage): Promise<void> {
  let response: ServerResponse | undefined;
  const server = await stage.serve((_request, answer) => {
    response = answer;
    answer.write('x'.repeat(1000));
  });
  const client = await stage.connect(server);
  await client.send(get);
  for (let round = 1; round <= 20; round++) {
    await client.until(() => client.frames.open > round * 1000);
    response?.write('y'.repeat(1000));
  }
  const { received } = client;
  await client.until(() => client.frames.open > 21_000);
  const all = client.received;
  client.raw.resetAndDestroy();
  response?.write('z'.repeat(50_000));
  await client.closed();
  if (all <= received) throw new Error('the last write did not arrive');
  stage.lose();
  stage.expect({
    ...{ method: 'GET', endpoint: '/a', status: '200', in: get.length, aborted: true },
    // The last write may have been taken before the reset came.
    out: [all, all + 60_000],
  });
}

async function overTls(stage: Stage): Promise<void> {
  const create: ServeOptions['create'] = (listener) => createServer(certificate(), listener);
  const answer: RequestListener = (request, response) =>
    request.url === '/warm' ? void response.end('warm') : void response.end(Buffer.alloc(50_000_000, 'x'));
  const client = await stage.connectTls(await stage.serve(answer, { create }));
  await warm(stage, client);
  client.mark();
  const before = client.received;
  await client.send(get);
  await client.until(() => client.received >= before + 16_000_000);
  client.stream.pause();
  await wait(settledMs);
  const { sent, received } = client.mark();
  await client.reset();
  stage.lose();
  stage.expect({
    ...{ method: 'GET', endpoint: '/a', status: '200', in: sent, aborted: true },
    out: [received, received + buffers],
  });
}

const binary =
  (bytes: number): Respond =>
  (response) =>
    response.end(Buffer.alloc(bytes, 'x'));

/** Two bytes a character: Node keeps a string's length in characters. */
const text =
  (characters: number): Respond =>
  (response) => {
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end('é'.repeat(characters));
  };

const scenarios: Scenario[] = [
  {
    name: 'aborted: 20 MB, after 3 MB',
    wire: 'reset',
    run: (stage) => stopAndGo(stage, binary(20_000_000), 3_000_000),
  },
  {
    name: 'aborted: 50 MB, after 20 MB',
    wire: 'reset',
    run: (stage) => stopAndGo(stage, binary(50_000_000), 20_000_000),
  },
  {
    name: 'aborted: text of two-byte characters',
    wire: 'reset',
    run: (stage) => stopAndGo(stage, text(10_000_000), 3_000_000),
  },
  { name: 'aborted: in the flow of 400 MB', wire: 'reset', run: (stage) => goInFlow(stage, binary(400_000_000)) },
  { name: 'aborted: a write refused after many that were taken', wire: 'reset', run: lateRefusal },
  { name: 'aborted: 50 MB over TLS', wire: 'reset', run: overTls },
];

// Only readings that a connection's own output asks for.
export const unpolledAbortScenarios = scenarios.map((scenario) => ({ ...scenario, sampleIntervalMs: 60_000 }));
