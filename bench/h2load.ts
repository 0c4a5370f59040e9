import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { Load, LoadFigures } from './load.ts';

const connections = 16;
const streams = 10;

/** nghttp2's own load generator: HTTP/2 in clear text, new connections in each run. */
export class H2Load implements Load {
  readonly #port: number;
  /** Answers a millisecond, of the last run: how many to ask for in the next. */
  #rate = 5;

  constructor(port: number) {
    this.#port = port;
  }

  async run(ms: number): Promise<LoadFigures> {
    const wanted = Math.max(connections, Math.round(ms * this.#rate));
    const { stdout } = await promisify(execFile)('h2load', [
      ...['-n', `${wanted}`, '-c', `${connections}`, '-m', `${streams}`],
      `http://127.0.0.1:${this.#port}/hello`,
    ]);
    const figures = read(stdout);
    if (figures.answers !== wanted) throw new Error(`h2load asked ${wanted} times and had ${figures.answers} answers`);
    this.#rate = figures.answers / figures.elapsedMs;
    return figures;
  }

  close(): void {}
}

/** @throws Error when it is not installed. */
export function requireH2load(): void {
  if (spawnSync('h2load', ['--version']).error) {
    throw new Error('the host http2 wants h2load (Debian: apt-get install nghttp2-client); or name others with --host');
  }
}

const unitMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

/** Of its summary: "finished in 1.02s, …" and "requests: …, 20000 succeeded, …". */
function read(summary: string): LoadFigures {
  const [, time = '', unit = ''] = /^finished in ([\d.]+)(us|ms|s),/m.exec(summary) ?? [];
  const [, answers = ''] = /^requests: .* (\d+) succeeded,/m.exec(summary) ?? [];
  return { answers: Number(answers), elapsedMs: Number(time) * (unitMs[unit] ?? Number.NaN) };
}
