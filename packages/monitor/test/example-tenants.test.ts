import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { RawClient } from './support/raw-client.ts';

const file = fileURLToPath(new URL('../../../examples/tenants/server.js', import.meta.url));
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function startExample(): Promise<string> {
  const child = spawn(process.execPath, ['--conditions=weighbridge-source', file], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stops.push(() => child.kill());
  const [url] = await once(createInterface(child.stdout), 'line');
  return url;
}

async function useApi(url: string, key: string, body: string): Promise<{ in: number; out: number }> {
  const client = await RawClient.open(Number(new URL(url).port));
  client.send(`POST /report HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await client.until(/r\n$/);
  const moved = { in: client.socket.bytesWritten, out: client.socket.bytesRead };
  await client.end();
  return moved;
}

test('the bill says to the byte what each tenant moved, and so do the metrics', async () => {
  const url = await startExample();
  const acme = [await useApi(url, 'k-acme', 'a'.repeat(5000)), await useApi(url, 'k-acme', '')];
  const zenith = await useApi(url, 'k-zenith', 'zz');
  expect((await fetch(`${url}/report`, { headers: { 'x-api-key': 'stolen' } })).status).toBe(401);
  const both = acme.reduce((a, b) => ({ in: a.in + b.in, out: a.out + b.out }));
  expect(await (await fetch(`${url}/bill`)).json()).toEqual({ acme: both, zenith });
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain(`weighbridge_http_client_bytes_total{client="acme",direction="out"} ${both.out}\n`);
  expect(text).not.toContain('k-acme');
});
