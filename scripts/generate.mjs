// Writes what is made from code and checked in: `monitoring/`, from packages/dashboards. Runs after ensure.mjs, on
// what that has compiled.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dashboards = new URL('../packages/dashboards/dist/index.js', import.meta.url);
const { createComposeFiles, createMonitoringFiles, schedulerService } = await import(dashboards.href);

const monitoring = join(root, 'monitoring');
const files = new Map([...createMonitoringFiles(schedulerService), ...createComposeFiles(schedulerService)]);
rmSync(monitoring, { recursive: true, force: true });
for (const [path, text] of files) {
  mkdirSync(dirname(join(monitoring, path)), { recursive: true });
  writeFileSync(join(monitoring, path), text);
}
console.log(`monitoring/: ${files.size} files`);
