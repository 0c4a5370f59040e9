import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePorts } from '../../../../e2e/support/free-port.ts';
import { Scrape } from '../../../../e2e/support/metrics.ts';
import { installFolder } from '../../../../scripts/install-folder.ts';
import { nodeBinary, nodeVersions } from '../accuracy/outside/node-binaries.ts';
import { get, getUntil } from '../preload/app-process.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const register = fileURLToPath(new URL('../../src/preload/main.ts', import.meta.url));

interface Told {
  pid: number;
  name: string;
}

/** The process manager, with a home and so a daemon of its own. */
class Pm2 {
  readonly #home = mkdtempSync(join(tmpdir(), 'weighbridge-pm2-'));
  readonly #node: string;

  constructor(node: string) {
    this.#node = node;
  }

  /** Two workers in its cluster mode. */
  async start(name: string, env: NodeJS.ProcessEnv): Promise<void> {
    const nodeArgs = `--conditions=weighbridge-source --import ${register}`;
    await this.#run(['start', `${folder}app.mjs`, '--name', name, '-i', '2', '--node-args', nodeArgs], env);
  }

  async processes(name: string): Promise<Told[]> {
    const all = JSON.parse(await this.#run(['jlist'])) as Told[];
    return all.filter((each) => each.name === name);
  }

  async stop(): Promise<void> {
    await this.#run(['kill']);
    rmSync(this.#home, { recursive: true, force: true });
  }

  async #run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#node, [`${folder}node_modules/pm2/bin/pm2`, ...args], {
      env: { ...process.env, ...env, PM2_HOME: this.#home, PM2_DISABLE_VERSION_CHECK: 'true' },
    });
    return stdout;
  }
}

/** Asks until an answer comes: what pm2 hands to a worker that was killed a moment ago gets none. */
async function getAnswer(url: string): Promise<string> {
  for (;;) {
    const options = { headers: { connection: 'close' }, signal: AbortSignal.timeout(1000) };
    const text = await fetch(url, options).then(
      (response) => response.text(),
      () => '',
    );
    if (text !== '') return text;
    await setTimeout(20);
  }
}

const exchangesOf = (text: string) => new Scrape(text).sum('weighbridge_http_response_size_bytes_count');
const bytesOf = (text: string) => new Scrape(text).sum('weighbridge_http_connection_bytes_total');

describe.each(nodeVersions)('pm2 on Node %s', (version) => {
  let pm2: Pm2;
  beforeAll(() => installFolder(folder), 300_000);
  beforeEach(() => {
    pm2 = new Pm2(nodeBinary(version));
  });
  afterEach(() => pm2.stop());

  // Again where a worker told the one that was killed in the very moment of its end: that is the last second.
  test('its workers are one sum at one address, and a killed one loses no more than its last second', {
    retry: 1,
  }, async () => {
    const [own = 0, port = 0] = await freePorts(2);
    await pm2.start('shop', { APP_PORT: String(port), WEIGHBRIDGE_METRICS_LISTEN: `127.0.0.1:${own}` });
    const [url, metrics] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${own}/metrics`];
    const answered = new Set<string>();
    let asked = 0;
    // Until so many workers have answered, and each is in the sum: it has been told then what the others have counted.
    const askUntilWorkers = async (count: number) => {
      for (; answered.size < count; asked++) answered.add(await getAnswer(url));
      return getUntil(metrics, (text) => text !== '' && exchangesOf(text) >= asked);
    };

    const before = await askUntilWorkers(2);
    // Each in turn, so that the one that serves is among them; pm2 starts another for it.
    for (const [killed, pid] of [...answered].entries()) {
      process.kill(Number(pid), 'SIGKILL');
      await askUntilWorkers(3 + killed);
    }
    const after = await getUntil(metrics, (text) => text !== '');
    expect(exchangesOf(after)).toBe(asked);
    expect(bytesOf(after)).toBeGreaterThan(bytesOf(before));
  });

  test('a second service has an address of its own', async () => {
    const [own = 0, ...ports] = await freePorts(3);
    for (const [index, port] of ports.entries()) {
      await pm2.start(`shop${index}`, { APP_PORT: String(port), WEIGHBRIDGE_METRICS_LISTEN: `127.0.0.1:${own}` });
      for (let time = 0; time <= index; time++) await getUntil(`http://127.0.0.1:${port}`, (text) => text !== '');
      // Whoever has the next port in this moment: it is one of the next ten.
      const further = Array.from({ length: 11 }, (_, more) => `http://127.0.0.1:${own + more}/metrics`);
      const isServed = async () => {
        const texts = await Promise.all(further.map((url) => get(url).catch(() => '')));
        return texts.some((text) => text.includes('weighbridge_') && exchangesOf(text) === index + 1);
      };
      await expect.poll(isServed, { timeout: 20_000 }).toBe(true);
    }
  });
});
