import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../packages/cli/bin/weighbridge.js', import.meta.url));

/** The client's histogram has the time between two looks in it. */
const lagResolutionMs = 10;

/** `weighbridge master` as an operator runs it, seen from outside. */
export class MasterCommand {
  readonly url: string;
  readonly token = 'bench-token';
  readonly #metricsUrl: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, { apiUrl, metricsUrl }: Listening) {
    this.#process = child;
    this.#folder = folder;
    this.url = apiUrl;
    this.#metricsUrl = metricsUrl;
  }

  /** With the embedded store, or on the database that is named. */
  static async start(databaseUrl?: string): Promise<MasterCommand> {
    const folder = await mkdtemp(join(tmpdir(), 'weighbridge-bench-'));
    const listen = '127.0.0.1:0';
    const store = databaseUrl === undefined ? ['--embedded'] : ['--database-url', databaseUrl];
    const options = ['--json', '--listen', listen, '--metrics-listen', listen, '--data', folder];
    const child = spawn(process.execPath, [command, 'master', ...store, ...options], {
      env: { ...process.env, WEIGHBRIDGE_TOKEN: 'bench-token' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return new MasterCommand(child, folder, await listening(child));
  }

  /** The longest stall of its event loop since the last call, in ms. */
  async longestStallMs(): Promise<number> {
    const metrics = await (await fetch(this.#metricsUrl)).text();
    const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(metrics)?.[1];
    if (seconds === undefined) throw new Error('the master tells nothing of its event loop');
    return Number(seconds) * 1000 - lagResolutionMs;
  }

  /** What of it is in memory, as the kernel says, in bytes. */
  async residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.#process.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Listening {
  apiUrl: string;
  metricsUrl: string;
}

async function listening(child: ChildProcess): Promise<Listening> {
  let found: Listening | undefined;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const event = JSON.parse(line) as { event: string } & Listening;
    if (event.event === 'listening') found = event;
    if (event.event === 'ready' && found) return found;
  }
  throw new Error('the master ended before it was ready');
}
