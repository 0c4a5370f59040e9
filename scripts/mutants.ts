// Makes each fault of packages/monitor/test/mutants/faults.ts in a copy of this repository and runs the monitor's
// tests there: one must fail. Not in CI: some ten seconds for each fault.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Fault, faults } from '../packages/monitor/test/mutants/faults.ts';
import { copyMonitor, root } from './monitor-copy.ts';

const help = `npm run mutants -- [TEXT …]

Makes ${faults.length} deliberate faults in a copy of the monitor's sources, one by one, and runs its tests: each must make one
fail. With TEXT only faults whose names contain one. Exit code 1 when a fault survives.

Example: npm run mutants -- bucket overhead`;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' } } });
if (values.help) console.log(help);
else
  process.exitCode = run(
    faults.filter(({ name }) => positionals.length === 0 || positionals.some((text) => name.includes(text))),
  );

function run(chosen: readonly Fault[]): number {
  const copy = copyMonitor();
  try {
    const { isGreen, output } = runTests(copy);
    if (!isGreen) throw new Error(`the tests fail without any fault:\n${output.slice(-3000)}`);
    const survivors = chosen.filter((fault, index) => {
      const isKilled = kills(copy, fault);
      console.log(`${index + 1}/${chosen.length} ${isKilled ? 'killed  ' : 'SURVIVES'} ${fault.name}`);
      return !isKilled;
    });
    console.log(`${chosen.length - survivors.length} of ${chosen.length} faults were found`);
    return survivors.length > 0 ? 1 : 0;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function kills(copy: string, { name, file, from, to }: Fault): boolean {
  const path = join(copy, 'packages', 'monitor', 'src', file);
  const source = readFileSync(path, 'utf8');
  if (source.split(from).length !== 2) throw new Error(`${name}: ${file} must have '${from}' once`);
  writeFileSync(
    path,
    source.replace(from, () => to),
  );
  try {
    return !runTests(copy).isGreen;
  } finally {
    writeFileSync(path, source);
  }
}

function runTests(copy: string): { isGreen: boolean; output: string } {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  // Tests of whole processes take long and are about other things; an example stands outside of the copy.
  const tests = globSync('packages/monitor/test/{*,accuracy/*}.test.ts', { cwd: copy });
  const chosen = tests.filter((test) => !/full|example/.test(test));
  const args = ['run', '--project', 'monitor', '--bail', '1', ...chosen];
  const options = { cwd: copy, timeout: 300_000, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, ...args], options);
  return { isGreen: status === 0, output: stdout + stderr };
}
