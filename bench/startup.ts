import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, Outcome } from './bench.ts';
import { median, medianInterval } from './statistics.ts';
import type { Table } from './table.ts';

const server = fileURLToPath(new URL('startup-server.cjs', import.meta.url));
const kinds = {
  none: [],
  'none again': [],
  '--import': ['--import', '@weighbridge/monitor/register'],
} as const;
type Kind = keyof typeof kinds;
interface Start {
  ms: number;
  cpuMs: number;
}
type Interval = ReturnType<typeof medianInterval>;
type Added = Record<keyof Start, Interval>;

/** What `--import @weighbridge/monitor/register` adds until the smallest server listens, its own listener included. */
export async function startupCost({ quick }: BenchOptions): Promise<Outcome> {
  const rounds = quick ? 10 : 60;
  const times: Record<Kind, Start[]> = { none: [], 'none again': [], '--import': [] };
  for (let round = 0; round < rounds; round++) {
    for (const kind of Object.keys(kinds) as Kind[]) times[kind].push(start(kinds[kind]));
  }
  const added = (kind: Kind, of: keyof Start) =>
    medianInterval(times[kind].map((time, round) => time[of] - (times.none[round]?.[of] ?? 0)));
  const figures = {
    rounds,
    noneMs: median(times.none.map(({ ms }) => ms)),
    noneAgain: { ms: added('none again', 'ms'), cpuMs: added('none again', 'cpuMs') },
    import: { ms: added('--import', 'ms'), cpuMs: added('--import', 'cpuMs') },
  };
  return { tables: [tableOf(figures)], figures };
}

function tableOf(figures: { rounds: number; noneMs: number; noneAgain: Added; import: Added }): Table {
  const row = (name: string, { ms, cpuMs }: Added) => [name, formatInterval(ms), formatInterval(cpuMs)];
  return {
    caption: `Added until the smallest server listens, ${figures.noneMs.toFixed(1)} ms without: median of ${figures.rounds} pairs, 95 % interval`,
    head: ['', 'ms', 'CPU, ms'],
    rows: [row('none again', figures.noneAgain), row('--import', figures.import)],
  };
}

function formatInterval({ median, low, high }: Interval): string {
  return `${median.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`;
}

function start(args: readonly string[]): Start {
  const { stdout } = spawnSync(process.execPath, [...args, server], {
    env: { ...process.env, WEIGHBRIDGE_METRICS_LISTEN: '127.0.0.1:0' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(stdout);
}
