import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BandwidthSnapshot } from '@weighbridge/monitor';

const monitorModule = new URL('../../dist/index.js', import.meta.url).href;

/** What the monitor of an application says in the end; without one `snapshot` is `null`. */
export interface Told {
  readonly snapshot: BandwidthSnapshot | null;
  readonly isExact: boolean;
}

/** An application in a process of its own. */
export class BesideApp {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  /** One application of `apps.cjs`, with or without a monitor. */
  static start(name: string, certificate: string, isMonitored: boolean): Promise<BesideApp> {
    const preload = name === 'opentelemetry' ? ['--require', '@opentelemetry/auto-instrumentations-node/register'] : [];
    return BesideApp.#spawn('apps.cjs', preload, [name, certificate, ...(isMonitored ? [monitorModule] : [])]);
  }

  /** The cluster of `sticky.cjs`. */
  static startSticky(): Promise<BesideApp> {
    return BesideApp.#spawn('sticky.cjs', [], [monitorModule]);
  }

  static async #spawn(program: string, preload: readonly string[], args: readonly string[]): Promise<BesideApp> {
    const silent = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };
    const child = spawn(process.execPath, ['--no-warnings', ...preload, program, ...args], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      env: { ...process.env, ...silent },
    });
    let complaints = '';
    child.stderr.on('data', (text) => {
      complaints += text;
    });
    const lines = createInterface({ input: child.stdout });
    const [line] = await Promise.race([
      once(lines, 'line'),
      once(child, 'exit').then(() => Promise.reject(new Error(`${program} did not start: ${complaints}`))),
    ]);
    return new BesideApp(child, lines, Number(line));
  }

  /** What was counted once no connection is left. */
  stop(): Promise<Told> {
    return this.#tell<Told>();
  }

  /** What each worker of a cluster counted. */
  stopWorkers(): Promise<BandwidthSnapshot[]> {
    return this.#tell<BandwidthSnapshot[]>();
  }

  async #tell<Answer>(): Promise<Answer> {
    this.#child.stdin?.write('end\n');
    const [line] = (await once(this.#lines, 'line')) as [string];
    return JSON.parse(line) as Answer;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
