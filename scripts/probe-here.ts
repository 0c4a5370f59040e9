// Runs every probe of the self-test in the runtime that runs this, on a server of each kind, and prints them as JSON.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer, get as getOverTls } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import {
  type Inside,
  type InsideName,
  insideNames,
  insides,
  SelfTest,
} from '../packages/monitor/src/capture/self-test.ts';
import { makeCertificate } from '../packages/monitor/test/support/certificate.ts';

/** What one probe says; `unseen`: nothing came along that it could look at. */
export interface ProbeResult extends Inside {
  readonly name: InsideName;
  readonly result: 'passed' | 'missing' | 'unseen';
}

const selfTest = new SelfTest(() => {});
const met = new Set<string>();
/** How long one kind of server may take. */
const patienceMs = 3000;

const meet: SelfTest['meet'] = (kind, subject) => {
  met.add(kind);
  selfTest.meet(kind, subject);
};

const answer: RequestListener = (request, response) => {
  meet('request', request.socket);
  response.end('x');
};

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function probeHttp(): Promise<void> {
  const server = createServer(answer);
  server.on('connection', (socket) => meet('socket', socket));
  const socket = connect(await listen(server), '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  server.close();
}

async function probeHttps(): Promise<void> {
  const server = createHttpsServer(makeCertificate(), answer);
  server.on('secureConnection', (socket) => meet('tls', socket));
  const request = getOverTls({
    port: await listen(server),
    host: '127.0.0.1',
    rejectUnauthorized: false,
    agent: false,
  });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  server.close();
}

async function probeHttp2(): Promise<void> {
  const server = createHttp2Server((_request, response) => response.end('x'));
  server.on('session', (session) => meet('session', session));
  server.on('stream', (stream) => meet('stream', stream));
  const session = connectHttp2(`http://127.0.0.1:${await listen(server)}`);
  const stream = session.request({ ':path': '/' });
  stream.resume();
  await once(stream, 'end');
  session.destroy();
  server.close();
}

/** A runtime that can't serve a kind at all has nothing of it to look at. */
async function within(probe: () => Promise<void>): Promise<void> {
  const timeout = new Promise((resolve) => setTimeout(resolve, patienceMs));
  await Promise.race([probe().catch(() => {}), timeout]);
}

meet('process', process);
for (const probe of [probeHttp, probeHttps, probeHttp2]) await within(probe);
const missing = new Set(selfTest.missing.map(({ name }) => name));
const results = insideNames.map((name): ProbeResult => {
  const { what, since, on, without } = insides[name];
  return { name, what, since, on, without, result: missing.has(name) ? 'missing' : met.has(on) ? 'passed' : 'unseen' };
});
process.stdout.write(JSON.stringify(results), () => process.exit());
