import { connect } from 'node:net';
import { expect } from 'vitest';
import { parseSamples } from '../accuracy/exposition.ts';
import { RawClient } from '../support/raw-client.ts';
import { get, getUntil } from './app-process.ts';

const request = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const upgrade = 'Connection: Upgrade\r\nUpgrade: echo\r\n';

/** Asks `apps/own-monitor.mjs`; both of its monitors must have what the client counted, and none be in the way. */
export async function expectBothCount(url: string, metrics: string): Promise<void> {
  const port = Number(new URL(url).port);
  const ask = async (text: string, answer: RegExp) => {
    const client = new RawClient(connect(port, '127.0.0.1'));
    client.send(text);
    await client.until(answer);
    await client.end();
    return { in: client.socket.bytesWritten, out: client.socket.bytesRead };
  };
  const upgraded = await ask(request('/upgrade', upgrade), /bye$/);
  const plain = await ask(request('/x'), /hello$/);
  // Without a listener an upgrade is a request like any other.
  const last = await ask(request('/no-upgrades'), /hello$/);
  const refused = await ask(request('/x', upgrade), /hello$/);
  const expected = [
    ['http_request_bytes_total{endpoint="/upgrade",method="GET"}', upgraded.in],
    ['http_response_bytes_total{endpoint="/upgrade",method="GET",status="101"}', upgraded.out],
    ['http_request_bytes_total{endpoint="/x",method="GET"}', plain.in + last.in + refused.in],
    ['http_response_bytes_total{endpoint="/x",method="GET",status="200"}', plain.out + last.out + refused.out],
  ] as const;
  const own = parseSamples(await get(`${url}/own`));
  const served = parseSamples(await getUntil(metrics, (text) => text.includes('endpoint="/x"')));
  for (const [key, value] of expected) {
    expect([key, own.get(`own_${key}`), served.get(`weighbridge_${key}`)]).toEqual([key, value, value]);
  }
}
