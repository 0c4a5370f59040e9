import type { RequestListener, Server } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { type ConnectionOptions, connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';
import { makeCertificate } from '../../support/certificate.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage, StageServer } from '../stage.ts';
import type { WireClient } from '../wire-client.ts';

type Version = 'TLSv1.2' | 'TLSv1.3';

/** One for all scenarios. */
let made: ReturnType<typeof makeCertificate> | undefined;
export function certificate(): ReturnType<typeof makeCertificate> {
  made ??= makeCertificate();
  return made;
}

const secure =
  (options: ServerOptions = {}) =>
  (listener: RequestListener): Server =>
    createServer({ ...certificate(), ...options }, listener);

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const hello: RequestListener = (_request, response) => response.end('hello');

/** `/warm` is answered for {@link warm}, the rest by `handler`. */
function serve(stage: Stage, handler: RequestListener, options?: ServerOptions): Promise<StageServer> {
  const listener: RequestListener = (request, response) => {
    if (request.url === '/warm') response.end('warm');
    else handler(request, response);
  };
  return stage.serve(listener, { create: secure(options) });
}

/**
 * Two requests alike. Tickets leave with the first answer, nothing but the answer with the second: what the
 * connection moved beyond twice the second is the handshake's.
 */
export async function warm(stage: Stage, client: WireClient): Promise<void> {
  const request = 'GET /warm HTTP/1.1\r\nHost: x\r\n\r\n';
  await client.send(request);
  await client.response();
  const { sent, received } = await client.ask(request);
  for (let round = 0; round < 2; round++) {
    stage.expect({ method: 'GET', endpoint: '/warm', status: '200', in: sent, out: received });
  }
  stage.expectRest({ reason: 'tls_handshake', in: client.sent - 2 * sent, out: client.received - 2 * received });
}

async function warmClient(stage: Stage, server: StageServer, options: ConnectionOptions): Promise<WireClient> {
  const client = await stage.connectTls(server, options);
  await warm(stage, client);
  return client;
}

/** Both say goodbye: an alert each way belongs to no exchange. */
export async function leave(stage: Stage, client: WireClient): Promise<void> {
  client.mark();
  await client.end();
  const { sent, received } = client.mark();
  stage.expectRest({ reason: 'idle', in: sent, out: received });
}

const only = (version: Version): ConnectionOptions => ({ minVersion: version, maxVersion: version });

async function keepAlive(stage: Stage, version: Version): Promise<void> {
  const server = await serve(stage, (request, response) => {
    request.resume().on('end', () => response.end('x'.repeat(Number(request.headers['x-size'] ?? 5))));
  });
  const client = await warmClient(stage, server, only(version));
  for (const size of [5, 0, 16_384, 100_000, 1]) {
    const { sent, received } = await client.ask(
      `POST /a HTTP/1.1\r\nHost: x\r\nX-Size: ${size}\r\nContent-Length: ${size}\r\n\r\n${'b'.repeat(size)}`,
    );
    stage.expect({ method: 'POST', endpoint: '/a', status: '200', in: sent, out: received });
  }
  await leave(stage, client);
}

/** A first request of known length leaves with the end of the handshake: its record is no part of the handshake. */
async function atOnce(stage: Stage, version: Version): Promise<void> {
  const server = await serve(stage, hello);
  const client = await stage.connectTls(server, { ...only(version), ciphers: 'ECDHE+AESGCM:TLS_AES_256_GCM_SHA384' });
  await client.send(get);
  await client.response();
  // Tickets may come after the answer.
  const { sent, received } = await client.ask(get);
  const before = { sent: client.sent - sent, received: client.received - received };
  const first = { in: get.length + (version === 'TLSv1.3' ? 22 : 29), out: received };
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', ...first });
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
  stage.expectRest({ reason: 'tls_handshake', in: before.sent - first.in, out: before.received - first.out });
  await leave(stage, client);
}

async function resumed(stage: Stage, version: Version): Promise<void> {
  const server = await serve(stage, hello);
  let session: Buffer | undefined;
  for (let round = 0; round < 3; round++) {
    const client = await stage.connectTls(server, { ...only(version), ...(session && { session }) }, (socket) =>
      socket.on('session', (ticket: Buffer) => {
        session = ticket;
      }),
    );
    const reused = (client.stream as TLSSocket).isSessionReused();
    if (reused !== round > 0) throw new Error(`connection ${round + 1}: resumed ${reused}`);
    await warm(stage, client);
    await leave(stage, client);
  }
}

async function named(stage: Stage): Promise<void> {
  const contexts: string[] = [];
  const server = await serve(stage, hello, {
    ALPNProtocols: ['http/1.1'],
    SNICallback: (name, done) => {
      contexts.push(name);
      setImmediate(() => done(null, createSecureContext(certificate())));
    },
  });
  for (const name of ['one.test', 'two.test']) {
    const options = { ...only('TLSv1.3'), servername: name, ALPNProtocols: ['h2', 'http/1.1'] };
    const client = await warmClient(stage, server, options);
    if ((client.stream as TLSSocket).alpnProtocol !== 'http/1.1') throw new Error('expected ALPN http/1.1');
    const { sent, received } = await client.ask(get);
    stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
    await leave(stage, client);
  }
  if (contexts.join() !== 'one.test,two.test') throw new Error(`expected two names, got ${contexts}`);
}

/** Several requests in one record can't be told apart by record; the sum is exact, and so is the output. */
async function pipelined(stage: Stage, version: Version): Promise<void> {
  const server = await serve(stage, hello);
  const client = await warmClient(stage, server, only(version));
  await client.send(get + get + get);
  for (let round = 0; round < 3; round++) await client.response();
  const { sent, received } = client.mark();
  for (let round = 0; round < 3; round++) {
    stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: [0, sent], out: received / 3 });
  }
  await leave(stage, client);
}

async function plainText(stage: Stage): Promise<void> {
  const client = await stage.connect(await serve(stage, hello));
  const sent = await client.send(get);
  await client.closed();
  stage.expectRest({ reason: 'tls_failure', in: sent, out: client.received });
}

/** No version in common. */
async function noVersion(stage: Stage): Promise<void> {
  const server = await serve(stage, hello, { minVersion: 'TLSv1.3' });
  const client = await stage.connect(server);
  const tls = connectTls({ socket: client.raw, rejectUnauthorized: false, ...only('TLSv1.2') });
  tls.on('error', () => {});
  await new Promise((resolve) => tls.on('close', resolve));
  stage.expectRest({ reason: 'tls_failure', in: client.raw.bytesWritten, out: client.raw.bytesRead });
  stage.lose();
}

/** The client hangs up in the middle of the handshake. */
async function halfHandshake(stage: Stage): Promise<void> {
  const client = await stage.connect(await serve(stage, hello));
  // A record header that promises 512 bytes of handshake, and 3 of them.
  const sent = await client.send(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1]));
  await stage.until('it was read', ({ connection }) => connection.in === sent);
  await client.end();
  stage.expectRest({ reason: 'tls_failure', in: sent, out: client.received });
}

async function silent(stage: Stage): Promise<void> {
  const client = await stage.connect(await serve(stage, hello));
  await client.end();
}

/** A handshake that takes too long. */
async function slowHandshake(stage: Stage): Promise<void> {
  const client = await stage.connect(await serve(stage, hello, { handshakeTimeout: 100 }));
  const sent = await client.send(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1]));
  await client.closed();
  stage.expectRest({ reason: 'tls_failure', in: sent, out: client.received });
}

async function abortedDownload(stage: Stage): Promise<void> {
  const server = await serve(stage, (_request, response) => response.write('x'.repeat(100_000)));
  const client: WireClient = await warmClient(stage, server, only('TLSv1.3'));
  await client.send(get);
  await client.chunk(100_000);
  const { sent, received } = client.mark();
  await client.reset();
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received, aborted: true });
}

/** The client's goodbye comes when nobody listens any more. */
async function malformed(stage: Stage): Promise<void> {
  const client = await warmClient(stage, await serve(stage, hello), only('TLSv1.3'));
  client.mark();
  const nonsense = await client.send('NONSENSE\r\n\r\n');
  await client.closed();
  stage.expectRest({ reason: 'malformed', in: nonsense + 22, out: client.mark().received });
  stage.lose();
}

const both = (name: string, run: (stage: Stage, version: Version) => Promise<void>): Scenario[] =>
  (['TLSv1.2', 'TLSv1.3'] as const).map((version) => ({
    name: `${version}: ${name}`,
    run: (stage) => run(stage, version),
  }));

export const tlsScenarios: Scenario[] = [
  ...both('exchanges on one connection', keepAlive),
  ...both('a first request at once', atOnce),
  ...both('a session resumed', resumed),
  ...both('pipelined requests: the sum', pipelined),
  { name: 'TLS with server names and ALPN', run: named },
  { name: 'plain text to a TLS port', run: plainText },
  { name: 'TLS without a version in common', run: noVersion },
  { name: 'TLS hung up in its handshake', run: halfHandshake },
  { name: 'TLS with a handshake that takes too long', run: slowHandshake },
  { name: 'TLS: a connection that says nothing', run: silent },
  { name: 'TLS: the client resets in the response', run: abortedDownload },
  { name: 'TLS: a malformed request', wire: 'reset', run: malformed },
];
