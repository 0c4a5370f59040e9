import { expect } from 'vitest';
import { freePort } from '../../../../e2e/support/free-port.ts';
import { type Sample, Scrape } from '../../../../e2e/support/metrics.ts';
import { nodeBinary } from '../accuracy/outside/node-binaries.ts';
import { AppProcess, getUntil } from '../preload/app-process.ts';
import { RawClient } from '../support/raw-client.ts';

/** An application of one framework. */
export interface FrameworkApp {
  /** The file that starts it, and what that gets. It prints where it listens. */
  file: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  /** It loads the monitor itself. */
  isLate?: boolean;
  cases: readonly Case[];
}

/** One request, and under which labels its bytes belong. Raw segments hold `raw`, in capitals or not: no label may. */
export interface Case {
  name: string;
  method?: string;
  path: string;
  body?: string;
  endpoint: string;
  status: number;
  /** The client leaves when it has got the first of the body. */
  leaves?: boolean;
}

/** Starts an application below `--import`, asks all its cases, and compares what was counted with what the client saw. */
export async function conform(app: FrameworkApp, version: string, more: NodeJS.ProcessEnv = {}): Promise<void> {
  const own = `127.0.0.1:${await freePort()}`;
  const running = new AppProcess(app.file, {
    node: nodeBinary(version),
    appArgs: app.args,
    ...(app.isLate ? { args: [] } : {}),
    env: { WEIGHBRIDGE_METRICS_LISTEN: own, NO_COLOR: '1', ...app.env, ...more },
  });
  try {
    const port = await findPort(running);
    const expected = new Map<string, number>();
    for (const each of app.cases) await ask(port, each, expected);
    const text = await getUntil(`http://${own}/metrics`, (metrics) => countEnded(metrics) === app.cases.length);
    const { samples } = new Scrape(text);
    for (const { labels } of samples) expect(Object.values(labels).join(' ')).not.toMatch(/raw/i);
    expect(Object.fromEntries(samples.flatMap(toEntry))).toEqual(Object.fromEntries(expected));
  } finally {
    await running.stop('SIGKILL');
  }
}

async function findPort(running: AppProcess): Promise<number> {
  for (let index = 0; ; index++) {
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(await running.line(index))?.[1];
    if (port !== undefined) return Number(port);
  }
}

/** Asks on a connection of its own, and notes what the client sent and received. */
async function ask(port: number, each: Case, expected: Map<string, number>): Promise<void> {
  const { method = 'GET', path, body = '', endpoint } = each;
  const client = await RawClient.open(port);
  const length = body === '' ? '' : `Content-Type: text/x\r\nContent-Length: ${body.length}\r\n`;
  const request = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${length}\r\n${body}`;
  client.send(request);
  if (each.leaves) {
    await client.until(/part/);
    await client.end();
  } else {
    await client.closed();
  }
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(client.received)?.[1]);
  expect({ ...each, status }).toEqual(each);
  add(expected, `in ${method} ${endpoint}`, request.length);
  add(expected, `out ${method} ${endpoint} ${status}`, client.received.length);
}

function add(sums: Map<string, number>, key: string, bytes: number): void {
  sums.set(key, (sums.get(key) ?? 0) + bytes);
}

function countEnded(text: string): number {
  return new Scrape(text).sum('weighbridge_http_response_size_bytes_count');
}

function toEntry({ name, labels, value }: Sample): [string, number][] {
  // Listed routes stand at 0.
  if (value === 0) return [];
  if (name === 'weighbridge_http_request_bytes_total') return [[`in ${labels.method} ${labels.endpoint}`, value]];
  if (name !== 'weighbridge_http_response_bytes_total') return [];
  return [[`out ${labels.method} ${labels.endpoint} ${labels.status}`, value]];
}
