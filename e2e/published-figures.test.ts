import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { refuseShortRuns } from '../bench/docs.ts';

const docs = new URL('../docs/', import.meta.url);
const documents = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
const bench = fileURLToPath(new URL('../bench/main.ts', import.meta.url));

describe('figures that docs/ publishes', () => {
  test.each(documents)('%s has only those of whole runs', (name) => {
    expect(refuseShortRuns(readFileSync(new URL(name, docs), 'utf8'))).toEqual([]);
  });

  test('a table of a short run, or of one host, or one whose command is not told, is refused', () => {
    const region = (line: string) =>
      `# Title\n\n<!-- bench monitor -->\n\n${line}\n\n| a |\n|---|\n| 1 |\n\n<!-- end -->\n`;
    expect(refuseShortRuns(region('`npm run bench -- monitor` printed this, on: a machine.'))).toEqual([]);
    for (const line of [
      '`npm run bench -- monitor --quick` printed this, on: a machine.',
      '`npm run bench -- monitor --host express` printed this, on: a machine.',
      '`npm run bench -- peers` printed this, on: a machine.',
      'These are figures.',
    ]) {
      expect(refuseShortRuns(region(line))).toEqual([
        `the table below <!-- bench monitor --> must be one that \`npm run bench -- monitor\` printed, got: ${line}`,
      ]);
    }
  });

  test.each([['--quick'], ['--host', 'express']])('the bench does not write those of %s', (...options) => {
    const { status, stderr } = spawnSync(process.execPath, [bench, 'monitor', '--write', ...options], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr:
        'bench: --write stands for whole runs: neither --quick nor --host may be beside it (npm run bench -- --help)\n',
    });
  });
});
