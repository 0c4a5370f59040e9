// Measures how many mutants of the monitor's sources its tests find, by StrykerJS, in a copy. Not in CI.
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { copyMonitor } from './monitor-copy.ts';
import { rank } from './mutation-sample.ts';

/** Folders below `packages/monitor/src`, and the score that each must have, in per cent. */
const required: Readonly<Record<string, number>> = { ledger: 90, export: 90, capture: 80 };

const help = `npm run mutation -- PART [--sample N] [--seed N]

Changes the sources of one part of the monitor in a copy, one change at a time (StrykerJS), runs the tests that cover it,
and prints the changes that no test found and the score. Parts: ${Object.keys(required).join(', ')}. Takes minutes to hours.

  --sample N   only so many changes, chosen at random
  --seed N     of that choice; default 1
  --report F   writes StrykerJS's report, every change with the tests that covered it, as JSON into F
  --help       this

Exit code 1 when the score is below what the part must have (${Object.entries(required)
  .map(([part, score]) => `${part} ${score} %`)
  .join(', ')}).

Example: npm run mutation -- capture --sample 200`;

/** Names of tests must be the same in each run: by them StrykerJS knows which to run. */
const testEnv = { WEIGHBRIDGE_SEED: '1' };
const testConfig = 'vitest.mutation.config.js';
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

interface Place {
  /** From 1 on. */
  readonly line: number;
  readonly column: number;
}

interface ReportedMutant {
  status: string;
  readonly static?: boolean;
  readonly location: { readonly start: Place; readonly end: Place };
  readonly replacement: string;
}

/** What is used here of StrykerJS's report (the schema mutation-testing-report-schema). */
interface Report {
  readonly files: Record<string, { readonly source: string; readonly mutants: ReportedMutant[] }>;
}

const silent = new Proxy({}, { get: () => () => {} });

await main().catch((error: Error) => {
  console.error(`mutation: ${error.message}`);
  process.exitCode = 2;
});

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return console.log(help);
  const [part = ''] = positionals;
  const least = required[part];
  if (positionals.length !== 1 || least === undefined)
    refuse(`PART must be one of ${Object.keys(required).join(', ')}`);
  const [sample, seed] = [readNumber('sample', values.sample), readNumber('seed', values.seed) ?? 1];
  const copy = copyMonitor();
  try {
    const files = globSync(`packages/monitor/src/${part}/**/*.ts`, { cwd: copy });
    const below = sample === undefined ? 1 : await findThreshold(copy, files, sample, seed);
    const score = run(copy, files, { seed, below });
    console.log(`${part}: ${score.toFixed(1)} % of the mutants were found, ${least} % must be`);
    process.exitCode = score >= least ? 0 : 1;
    if (values.report !== undefined) cpSync(reportOf(copy), values.report);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        sample: { type: 'string' },
        seed: { type: 'string' },
        report: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function readNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) refuse(`--${name} must be a whole number from 1 on, got ${text}`);
  return value;
}

function refuse(why: string): never {
  console.error(`mutation: ${why} (npm run mutation -- --help)`);
  process.exit(2);
}

/** The rank below which so many of all mutants lie. */
async function findThreshold(copy: string, files: readonly string[], sample: number, seed: number): Promise<number> {
  const sources = files.map((name) => ({ name, content: readFileSync(join(copy, name), 'utf8'), mutate: true }));
  const options = { plugins: null, ignorers: [], excludedMutations: [] };
  const { mutants } = await new Instrumenter(silent as never).instrument(sources, options as never);
  const ranks = mutants.map((mutant) => rank(mutant as never, seed)).sort((a, b) => a - b);
  console.log(`${Math.min(sample, ranks.length)} of ${ranks.length} mutants`);
  return ranks[sample] ?? 1;
}

function reportOf(copy: string): string {
  return join(copy, 'report.json');
}

/** Runs StrykerJS, and gives the score in per cent. */
function run(copy: string, files: readonly string[], { seed, below }: { seed: number; below: number }): number {
  const tests = globSync('packages/monitor/test/{*,accuracy/*}.test.ts', { cwd: copy }).filter(
    // Tests of whole processes take long and are about other things; an example stands outside of the copy.
    (test) => !/full|example/.test(test),
  );
  writeFileSync(
    join(copy, testConfig),
    `export default ${JSON.stringify({
      ssr: { resolve: { conditions: ['weighbridge-source', 'node'] } },
      test: { include: tests, testTimeout: 20_000, pool: 'threads' },
    })};\n`,
  );
  const config = join(copy, 'stryker.config.json');
  writeFileSync(
    config,
    JSON.stringify({
      mutate: files,
      testRunner: 'vitest',
      vitest: { configFile: testConfig, related: false },
      plugins: ['@stryker-mutator/vitest-runner', fileURLToPath(new URL('mutation-sample.ts', import.meta.url))],
      checkers: below < 1 ? ['sample'] : [],
      coverageAnalysis: 'perTest',
      inPlace: true,
      concurrency: 2,
      timeoutMS: 20_000,
      reporters: ['progress-append-only', 'clear-text', 'json'],
      clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
      jsonReporter: { fileName: reportOf(copy) },
    }),
  );
  const core = dirname(createRequire(import.meta.url).resolve('@stryker-mutator/core/package.json'));
  const { status } = spawnSync(process.execPath, [join(core, 'bin', 'stryker.js'), 'run', config], {
    cwd: copy,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...testEnv,
      WEIGHBRIDGE_MUTATION_SEED: String(seed),
      WEIGHBRIDGE_MUTATION_BELOW: String(below),
    },
  });
  if (status !== 0) throw new Error(`StrykerJS ended with ${status}`);
  const report = JSON.parse(readFileSync(reportOf(copy), 'utf8')) as Report;
  retryStatic(copy, report);
  writeFileSync(reportOf(copy), JSON.stringify(report));
  return scoreOf(report);
}

/**
 * What runs once, when its file is loaded, StrykerJS changes too late: no test would find it. Each such change that
 * survived is made in the file instead, with a run of all tests of its own.
 */
function retryStatic(copy: string, { files }: Report): void {
  for (const [file, { source, mutants }] of Object.entries(files)) {
    for (const mutant of mutants) {
      if (!mutant.static || mutant.status !== 'Survived') continue;
      writeFileSync(join(copy, file), change(source, mutant));
      const options = ['run', '--config', testConfig, '--bail', '1', '--silent'];
      const { status } = spawnSync(process.execPath, [vitest, ...options], {
        cwd: copy,
        env: { ...process.env, ...testEnv },
      });
      writeFileSync(join(copy, file), source);
      if (status !== 0) mutant.status = 'Killed';
      const { line } = mutant.location.start;
      console.log(`${file}:${line} when loaded: ${mutant.status}: ${mutant.replacement.replaceAll(/\s+/g, ' ')}`);
    }
  }
}

function change(source: string, { location: { start, end }, replacement }: ReportedMutant): string {
  const lines = source.split('\n');
  const offset = ({ line, column }: Place) =>
    lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
  return source.slice(0, offset(start)) + replacement + source.slice(offset(end));
}

/** Found are those that a test killed or that ran into a timeout; ignored and invalid ones don't count. */
function scoreOf({ files }: Report): number {
  const counts = { found: 0, missed: 0 };
  for (const { mutants } of Object.values(files)) {
    for (const { status } of mutants) {
      if (status === 'Killed' || status === 'Timeout') counts.found++;
      else if (status === 'Survived' || status === 'NoCoverage') counts.missed++;
    }
  }
  return (100 * counts.found) / (counts.found + counts.missed);
}
