import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { installFolder } from '../scripts/install-folder.ts';
import type { BenchOptions, Outcome } from './bench.ts';
import { median, medianInterval } from './statistics.ts';
import type { Table } from './table.ts';

const report = fileURLToPath(new URL('startup-report.cjs', import.meta.url));
const smallest = fileURLToPath(new URL('startup-server.cjs', import.meta.url));
const nextFolder = fileURLToPath(new URL('../packages/monitor/test/next/', import.meta.url));

/** What is started, with how many pairs: the last takes a second each. */
const programs = {
  '`node -e 0`': { args: ['-e', '0'], rounds: 60 },
  'the smallest server, until it listens': { args: [smallest], rounds: 60 },
  'Next.js, until it listens': { args: [`${nextFolder}server.mjs`], rounds: 20 },
} as const;
type Program = keyof typeof programs;
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
interface ProgramCost {
  none: Start;
  noneAgain: Added;
  import: Added;
}

/** What `--import @weighbridge/monitor/register` adds until a program listens or ends. */
export async function startupCost({ quick }: BenchOptions): Promise<Outcome> {
  buildNext();
  const names = Object.keys(programs) as Program[];
  const figures = Object.fromEntries(names.map((name) => [name, measure(name, quick)])) as Record<Program, ProgramCost>;
  return { tables: [tableOf(figures)], figures };
}

function measure(program: Program, quick: boolean): ProgramCost {
  const { args } = programs[program];
  const rounds = quick ? 5 : programs[program].rounds;
  const starts: Record<Kind, Start[]> = { none: [], 'none again': [], '--import': [] };
  for (let round = 0; round < rounds; round++) {
    for (const kind of Object.keys(kinds) as Kind[]) starts[kind].push(start([...kinds[kind], ...args]));
  }
  const added = (kind: Kind): Added => {
    const difference = (of: keyof Start) =>
      medianInterval(starts[kind].map((each, round) => each[of] - (starts.none[round]?.[of] ?? 0)));
    return { ms: difference('ms'), cpuMs: difference('cpuMs') };
  };
  const none = {
    ms: median(starts.none.map(({ ms }) => ms)),
    cpuMs: median(starts.none.map(({ cpuMs }) => cpuMs)),
  };
  return { none, noneAgain: added('none again'), import: added('--import') };
}

function tableOf(figures: Record<Program, ProgramCost>): Table {
  return {
    caption:
      'CPU of a start, in ms, and what --import adds to CPU and time: medians of 60 pairs (Next.js: 20), 95 % intervals',
    head: ['', 'CPU without', 'none again, CPU', '--import, CPU', '--import, time'],
    rows: Object.entries(figures).map(([name, { none, noneAgain, import: added }]) => [
      name,
      none.cpuMs.toFixed(1),
      formatInterval(noneAgain.cpuMs),
      formatInterval(added.cpuMs),
      formatInterval(added.ms),
    ]),
  };
}

function formatInterval({ median: middle, low, high }: Interval): string {
  return `${middle.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`;
}

function start(args: readonly string[]): Start {
  const { stdout } = spawnSync(process.execPath, ['--require', report, ...args], {
    env: { ...process.env, WEIGHBRIDGE_METRICS_LISTEN: '127.0.0.1:0', NEXT_TELEMETRY_DISABLED: '1' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** The application that the tests have of Next.js. */
function buildNext(): void {
  installFolder(nextFolder);
  const { status, stderr } = spawnSync(process.execPath, [`${nextFolder}node_modules/next/dist/bin/next`, 'build'], {
    cwd: nextFolder,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`next build failed: ${stderr}`);
}
