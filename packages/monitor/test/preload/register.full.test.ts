import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../../e2e/support/free-port.ts';
import { nodeBinary, nodeVersions } from '../accuracy/outside/node-binaries.ts';
import { AppProcess, get, getUntil } from './app-process.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function start(app: string, version: string, env: NodeJS.ProcessEnv): AppProcess {
  const running = new AppProcess(app, { node: nodeBinary(version), env });
  stops.push(() => running.stop());
  return running;
}

describe.each(nodeVersions)('Node %s', (version) => {
  test.each([
    'client-esm.mjs',
    'client-cjs.cjs',
    'client-own.mjs',
    'successor-esm.mjs',
    'successor-cjs.cjs',
    'successor-own.cjs',
  ])('joins the registry that the application loads: %s', async (app) => {
    const own = `127.0.0.1:${await freePort()}`;
    const running = start(app, version, { WEIGHBRIDGE_METRICS_LISTEN: own });
    const url = await running.line();
    await get(`${url}/x`);
    const counted = (text: string) => text.includes('weighbridge_http_request_bytes_total{method="GET"');
    await getUntil(`${url}/metrics`, counted);
    await getUntil(`http://${own}/metrics`, counted);
    expect((await fetch(`http://${own}/`)).status).toBe(200);
    expect(running.otherErrors).toBe('');
  });

  test("serves the sum of a cluster's workers", async () => {
    const own = `127.0.0.1:${await freePort()}`;
    const running = start('cluster.mjs', version, {
      WEIGHBRIDGE_METRICS_LISTEN: own,
      APP_PORT: String(await freePort()),
    });
    const [url = ''] = (await running.line(1)).split(' ');
    for (let time = 0; time < 10; time++) await get(url);
    await getUntil(`http://${own}/metrics`, (text) => /response_size_bytes_count{.*} 10\n/.test(text));
    expect(running.otherErrors).toBe('');
  });
});
