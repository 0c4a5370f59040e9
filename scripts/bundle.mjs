// After the compiler: makes one file of what `--import @weighbridge/monitor/register` loads, with the live page's
// files beside it. Node takes 0.4 ms for each module at start, and there are more than fifty.
// Plain JavaScript for Node 20; runs below ensure.mjs and at `npm pack`.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

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
  await writePage();
  const { rolldown } = await import('rolldown');
  const build = await rolldown({
    input: join(packages, 'monitor', 'dist', 'register', 'main.js'),
    platform: 'node',
  });
  // Comments are left out: Node reads them too.
  await build.write({ file: output, format: 'esm', minify: { compress: false, mangle: false, codegen: true } });
  await build.close();
}

async function writePage() {
  const { pageFiles, pageHeaders } = await import(pathToFileURL(join(packages, 'page', 'dist', 'index.js')).href);
  const files = [...pageFiles()].map(([path, { contentType, body }]) => [path, contentType, body.toString('base64')]);
  writeFileSync(page, JSON.stringify({ headers: pageHeaders, files }));
}

function inputs() {
  const folders = [join(packages, 'monitor', 'dist'), join(packages, 'page', 'dist'), join(packages, 'page', 'static')];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))),
  );
  return files.filter((file) => file !== output && /\.(js|css|html|svg)$/.test(file));
}
