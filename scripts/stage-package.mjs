// Makes `packages/monitor/.package`: what is published, and nothing else. `npm publish packages/monitor/.package`.
// The code is few files, since Node takes 0.4 ms for each module at start; the types are those that the entries need.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { bundle } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const monitor = join(root, 'packages', 'monitor');
const output = join(monitor, '.package');
const manifest = JSON.parse(readFileSync(join(monitor, 'package.json'), 'utf8'));
/** What `--import` loads is one file of its own: it is there already. */
const register = './register';

await stage();
console.log(relative(process.cwd(), output) || '.');

async function stage() {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(join(output, 'dist'), { recursive: true });
  await bundle();
  await writeCode();
  for (const file of ['register.js', 'page.json'])
    copyFileSync(join(monitor, 'dist', file), join(output, 'dist', file));
  for (const { types } of Object.values(manifest.exports)) copyTypes(join(monitor, types), new Set());
  copyFileSync(join(monitor, 'README.md'), join(output, 'README.md'));
  copyFileSync(join(root, 'LICENSE'), join(output, 'LICENSE'));
  writeFileSync(join(output, 'package.json'), `${JSON.stringify(publicManifest(), null, 2)}\n`);
}

async function writeCode() {
  const entries = Object.entries(manifest.exports).filter(([name]) => name !== register);
  const build = await rolldown({
    input: Object.fromEntries(entries.map(([name, { default: file }]) => [toEntry(name), join(monitor, file)])),
    platform: 'node',
  });
  await build.write({ dir: join(output, 'dist'), format: 'esm', chunkFileNames: 'shared.js', comments: false });
  await build.close();
}

/** A file of types with those that it imports, at the same place below `types/`. */
function copyTypes(file, known) {
  if (known.has(file)) return;
  known.add(file);
  const text = readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, '');
  const copy = join(output, 'types', relative(join(monitor, 'dist'), file));
  mkdirSync(dirname(copy), { recursive: true });
  // As they stand beside published code: the compiler leaves the names of its own sources.
  writeFileSync(copy, text.replaceAll(/(['"]\.[^'"]+)\.ts(?=['"])/g, '$1.js'));
  for (const [, imported] of text.matchAll(/(?:from |import\()["'](\.[^"']+)\.[jt]s["']/g)) {
    copyTypes(join(dirname(file), `${imported}.d.ts`), known);
  }
}

function publicManifest() {
  const { private: _private, scripts: _scripts, devDependencies: _development, ...published } = manifest;
  return {
    ...published,
    files: ['dist', 'types'],
    sideEffects: ['./dist/register.js'],
    exports: Object.fromEntries(
      Object.entries(manifest.exports).map(([name, { types }]) => [
        name,
        { types: types.replace('./dist/', './types/'), default: `./dist/${toEntry(name)}.js` },
      ]),
    ),
  };
}

/** `.` is `index`, `./koa` is `koa`. */
function toEntry(name) {
  return name === '.' ? 'index' : name.slice(2);
}
