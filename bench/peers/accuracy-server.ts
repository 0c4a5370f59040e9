import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { echoWebSockets, expressHost, fastifyHost } from './accuracy-hosts.ts';
import { candidates } from './candidates.ts';

/** One candidate with its host, clear and TLS: `node accuracy-server.ts CANDIDATE`, key and certificate by message. */
const name = process.argv[2] ?? '';
const candidate = candidates[name]?.();
if (!candidate) throw new Error(`candidate must be one of ${Object.keys(candidates).join(', ')}, got '${name}'`);
const [pair] = (await once(process, 'message')) as [{ key: string; cert: string }];
candidate.install?.();
const listener = await (candidate.onFastify ? fastifyHost(candidate) : expressHost(candidate));
const clear = createHttp(listener);
const secure = createHttps(pair, listener);
for (const server of [clear, secure]) {
  echoWebSockets(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
}

process.on('message', async () => process.send?.(await read()));
process.on('disconnect', () => process.exit());
process.send?.({ port: portOf(clear), tlsPort: portOf(secure) });

/** What the metrics tell at this moment. */
async function read() {
  const text = (await candidate?.metrics()) ?? '';
  const samples = text.match(/^[^#\n].*$/gm) ?? [];
  const { families } = candidate ?? {};
  const of = (family: string | undefined) => (family === undefined ? null : sumOf(samples, family));
  return { in: of(families?.in), out: of(families?.out), samples: samples.length, others: bytesFamilies(text) };
}

function sumOf(samples: readonly string[], family: string): number {
  const lines = samples.filter((line) => line.startsWith(`${family}{`) || line.startsWith(`${family} `));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Families about HTTP that count bytes: a candidate said to have none must have none. */
function bytesFamilies(text: string): string[] {
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, family]) => family as string);
  return names.filter((family) => /http|api/.test(family) && /bytes|size/.test(family));
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
