// After the compiler: makes one file of what `--import @weighbridge/monitor/register` loads, with the live page's
// files beside it, because Node takes 0.4 ms for each module at start, and there are more than fifty; and two of a worker, for
// machines on which nothing is installed.
// Plain JavaScript for Node 20; runs below ensure.mjs and at `npm pack`.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packPage } from './pack-page.mjs';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));
const output = join(packages, 'monitor', 'dist', 'register.js');
const page = join(packages, 'monitor', 'dist', 'page.json');
/** What `weighbridge nodes add` copies to another machine. */
const remote = join(packages, 'cli', 'dist', 'remote', 'bundle');
const remoteFiles = { 'worker.js': 'cli/dist/remote/worker-main.js', 'guard.js': 'scheduler/dist/worker/guard.js' };

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle();

/** Whether something was compiled, or written for the page, since the last time. */
export function isBundleStale() {
  const outputs = [output, page, ...Object.keys(remoteFiles).map((file) => join(remote, file))];
  if (!outputs.every(existsSync)) return true;
  const made = Math.min(...outputs.map((file) => statSync(file).mtimeMs));
  return inputs().some((file) => statSync(file).mtimeMs > made);
}

/** Makes `register.js` and `page.json` in the monitor's `dist`, and the worker for other machines in the command line's. */
export async function bundle() {
  await packPage(page);
  await bundleFile(join(packages, 'monitor', 'dist', 'preload', 'main.js'), output);
  for (const [file, input] of Object.entries(remoteFiles)) await bundleFile(join(packages, input), join(remote, file));
}

async function bundleFile(input, file) {
  const { rolldown } = await import('rolldown');
  const build = await rolldown({
    input,
    platform: 'node',
    // A worker needs neither master nor store.
    resolve: { alias: { '@weighbridge/scheduler': join(packages, 'scheduler', 'dist', 'worker', 'index.js') } },
  });
  // Comments are left out: Node reads them too.
  const minify = { compress: false, mangle: false, codegen: true };
  await build.write({ file, format: 'esm', codeSplitting: false, minify });
  await build.close();
}

function inputs() {
  const folders = [
    join(packages, 'monitor', 'dist'),
    join(packages, 'page', 'browser'),
    join(packages, 'page', 'static'),
    join(packages, 'protocol', 'src'),
    join(packages, 'cli', 'dist'),
    join(packages, 'scheduler', 'dist', 'worker'),
  ];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))),
  );
  return files.filter(
    (file) =>
      file !== output && !file.startsWith(remote) && /\.(js|tsx?|css|html|svg)$/.test(file) && !file.endsWith('.d.ts'),
  );
}
