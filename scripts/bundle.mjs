// After the compiler: makes one file of what `--import @weighbridge/monitor/register` loads, with the live page's
// files beside it. Node takes 0.4 ms for each module at start, and there are more than fifty.
// Plain JavaScript for Node 20; runs below ensure.mjs and at `npm pack`.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packPage } from './pack-page.mjs';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));
const output = join(packages, 'monitor', 'dist', 'register.js');
const page = join(packages, 'monitor', 'dist', 'page.json');

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle();

/** Whether something was compiled, or written for the page, since the last time. */
export function isBundleStale() {
  if (!existsSync(output) || !existsSync(page)) return true;
  const made = statSync(output).mtimeMs;
  return inputs().some((file) => statSync(file).mtimeMs > made);
}

/** Makes `register.js` and `page.json` in the monitor's `dist`. */
export async function bundle() {
  await packPage(page);
  const { rolldown } = await import('rolldown');
  const build = await rolldown({
    input: join(packages, 'monitor', 'dist', 'preload', 'main.js'),
    platform: 'node',
  });
  // Comments are left out: Node reads them too.
  await build.write({ file: output, format: 'esm', minify: { compress: false, mangle: false, codegen: true } });
  await build.close();
}

function inputs() {
  const folders = [
    join(packages, 'monitor', 'dist'),
    join(packages, 'page', 'browser'),
    join(packages, 'page', 'static'),
    join(packages, 'protocol', 'src'),
  ];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))),
  );
  return files.filter((file) => file !== output && /\.(js|tsx?|css|html|svg)$/.test(file) && !file.endsWith('.d.ts'));
}
