// `quick`: what needs neither root nor installed servers. `full`: everything. More arguments go to vitest.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const quickProjects = ['monitor', 'protocol', 'page', 'dashboards', 'scheduler', 'cli', 'e2e'];
const root = fileURLToPath(new URL('..', import.meta.url));
const [mode, ...more] = process.argv.slice(2);
if (mode !== 'quick' && mode !== 'full') {
  console.error(`usage: node scripts/test.mjs quick|full [arguments of vitest], got ${mode ?? 'nothing'}`);
  process.exit(2);
}

const projects = mode === 'quick' ? quickProjects.flatMap((name) => ['--project', name]) : [];
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status, signal } = spawnSync(process.execPath, [vitest, 'run', ...projects, ...more], {
  cwd: root,
  stdio: 'inherit',
});
if (mode === 'quick') tellWhatWasLeftOut();
process.exitCode = signal ? 1 : (status ?? 1);

function tellWhatWasLeftOut() {
  const files = globSync(['packages/*/test/**/*.full.test.ts', 'e2e/**/*.full.test.ts'], { cwd: root }).sort();
  if (files.length === 0) return console.log('Left out: nothing.');
  console.log(`Left out (need root or installed servers; \`npm run test:full\` runs them): ${files.length} files`);
  for (const file of files) console.log(`  ${file}`);
}
