import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../../../e2e/support/free-port.ts';
import { lacksProc } from '../../../../e2e/support/needs.ts';
import { AppProcess, get, getUntil } from './app-process.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Exchanges, and bytes in both directions, as the text has them. */
function totals(text: string): { exchanges: number; bytes: number; balanced: boolean } {
  const sum = (pattern: RegExp) => [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  const connection = sum(/^weighbridge_http_connection_bytes_total{.*} (\d+)$/gm);
  const booked = sum(/^weighbridge_http_(?:(?:request|response|unattributed)_bytes_total|pending_bytes){.*} (\d+)$/gm);
  return {
    exchanges: sum(/^weighbridge_http_response_size_bytes_count{.*} (\d+)$/gm),
    bytes: connection,
    balanced: connection === booked,
  };
}

async function startCluster(env: NodeJS.ProcessEnv = {}, args?: string[]) {
  const own = `127.0.0.1:${await freePort()}`;
  const app = new AppProcess('cluster.mjs', {
    env: { WEIGHBRIDGE_METRICS_LISTEN: own, APP_PORT: String(await freePort()), ...env },
    ...(args ? { args } : {}),
  });
  stops.push(() => app.stop());
  const [url = ''] = (await app.line(0)).split(' ');
  // The application hears of its own listeners alone.
  expect(await app.line(1)).toContain(`${url} `);
  return { app, url, metrics: `http://${own}/metrics` };
}

/** So many requests, each on a connection of its own; how many each worker answered. */
async function ask(url: string, times: number): Promise<Map<number, number>> {
  const answers = new Map<number, number>();
  for (let time = 0; time < times; time++) {
    const pid = Number(await get(url));
    answers.set(pid, (answers.get(pid) ?? 0) + 1);
  }
  return answers;
}

const untilExchanges = (metrics: string, wanted: number) =>
  getUntil(metrics, (text) => totals(text).exchanges >= wanted);

test("one listener serves the sum of a cluster's workers", async () => {
  const { url, metrics } = await startCluster();
  const answers = await ask(url, 40);
  expect(answers.size).toBe(2);
  expect(totals(await untilExchanges(metrics, 40))).toMatchObject({ exchanges: 40, balanced: true });
});

test("what a worker had reported stays in the sum when it's killed, and its successor adds to it", async () => {
  const { app, url, metrics } = await startCluster();
  const [[victim] = []] = await ask(url, 20);
  const before = totals(await untilExchanges(metrics, 20));
  process.kill(victim as number, 'SIGKILL');
  await app.line(2);
  const after = totals(await get(metrics));
  expect(after.exchanges).toBe(20);
  expect(after.bytes).toBeGreaterThanOrEqual(before.bytes);
  await ask(url, 20);
  expect(totals(await untilExchanges(metrics, 40))).toMatchObject({ exchanges: 40, balanced: true });
});

test('below a primary that is not monitored, as pm2 is, one worker serves the sum', async () => {
  const { app, url, metrics } = await startCluster({ BY_STRANGER: '1' }, []);
  await ask(url, 40);
  expect(totals(await untilExchanges(metrics, 40))).toMatchObject({ exchanges: 40, balanced: true });
  expect(app.otherErrors).toBe('');
});

test('threads are part of the sum', async () => {
  const own = `127.0.0.1:${await freePort()}`;
  const app = new AppProcess('threads.mjs', { env: { WEIGHBRIDGE_METRICS_LISTEN: own } });
  stops.push(() => app.stop());
  for (const line of [0, 1]) for (let time = 0; time < 5; time++) await get(await app.line(line));
  expect(totals(await untilExchanges(`http://${own}/metrics`, 10))).toMatchObject({ exchanges: 10, balanced: true });
});

test.skipIf(lacksProc())('when the worker that serves is killed, another goes on, and no total goes down', async () => {
  const { app, url, metrics } = await startCluster({ BY_STRANGER: '1' }, []);
  const answers = await ask(url, 20);
  const before = totals(await untilExchanges(metrics, 20));
  const server = await servingPid(metrics, [...answers.keys()]);
  // Told to the others before it is served.
  process.kill(server, 'SIGKILL');
  await app.line(2);
  const seen = [before];
  await ask(url, 20);
  await getUntil(metrics, (text) => {
    if (text === '') return false;
    seen.push(totals(text));
    return (seen.at(-1)?.exchanges ?? 0) >= 40 && (seen.at(-1)?.balanced ?? false);
  });
  for (const [index, now] of seen.slice(1).entries()) {
    expect(now.exchanges).toBeGreaterThanOrEqual(seen[index]?.exchanges as number);
    expect(now.bytes).toBeGreaterThanOrEqual(seen[index]?.bytes as number);
  }
  expect(seen.at(-1)?.exchanges).toBe(40);
  expect(app.otherErrors).toBe('');
});

/** Of these processes the one that listens on the metrics' port, as the system has it. */
async function servingPid(metrics: string, pids: number[]): Promise<number> {
  const port = Number(new URL(metrics).port).toString(16).toUpperCase().padStart(4, '0');
  const inode = new RegExp(`:${port} 0+:0000 0A(?: +\\S+){5} +(\\d+)`).exec(readFileSync('/proc/net/tcp', 'utf8'))?.[1];
  const holds = (pid: number) =>
    readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
  return pids.find(holds) as number;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
