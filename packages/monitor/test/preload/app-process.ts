import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { isAbsolute } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What `@weighbridge/monitor/register` is, from source. */
const register = fileURLToPath(new URL('../../src/preload/main.ts', import.meta.url));

interface AppOptions {
  env?: NodeJS.ProcessEnv;
  args?: string[];
  /** The binary that runs it. */
  node?: string;
  /** Export conditions. Default: everything from source. */
  conditions?: string[];
  cwd?: string;
  /** What the application itself gets. */
  appArgs?: string[];
}

/** An application in a process of its own, below a monitor that doesn't say where its page is. */
export class AppProcess {
  readonly process: ChildProcess;
  readonly #lines: string[] = [];
  #errors = '';
  #waiting: (() => void)[] = [];

  /** @param app a file of `apps/`, or a path. */
  constructor(app: string, { env = {}, args = ['--import', register], ...options }: AppOptions) {
    const { node = process.execPath, conditions = ['weighbridge-source'], cwd, appArgs = [] } = options;
    const file = isAbsolute(app) ? app : fileURLToPath(new URL(`apps/${app}`, import.meta.url));
    this.process = spawn(node, [...conditions.map((name) => `--conditions=${name}`), ...args, file, ...appArgs], {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, REGISTER: register, WEIGHBRIDGE_QUIET: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface(this.process.stdout as NodeJS.ReadableStream).on('line', (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    this.process.once('exit', () => this.#wake());
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
      this.#wake();
    });
  }

  get errors(): string {
    return this.#errors;
  }

  /** Without the line about requests that have no template: most of these applications have no framework. */
  get otherErrors(): string {
    return this.#errors.replace(/^weighbridge: a request has no template.*\n/gm, '');
  }

  /** The nth line that it prints. */
  async line(index = 0): Promise<string> {
    while (this.#lines[index] === undefined) await this.#something();
    return this.#lines[index];
  }

  async told(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#errors)) await this.#something();
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill(signal);
    await once(this.process, 'exit');
  }

  async #something(): Promise<void> {
    if (this.process.exitCode !== null) throw new Error(`the application has ended: ${this.#errors}`);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export async function get(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: 'close' } })).text();
}

/** Asks until the answer matches: the listener opens after the application's own, reports come each second. */
export async function getUntil(url: string, matches: (text: string) => boolean): Promise<string> {
  for (;;) {
    const text = await get(url).catch(() => '');
    if (matches(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
