// Makes a clone ready to run: dependencies, then the build. Plain JavaScript for Node 20, nothing but node:*,
// because it runs before anything is installed. Silent when there is nothing to do.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBundleStale } from './bundle.mjs';
import { withLock } from './lock.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const stamp = join(root, 'node_modules', '.weighbridge-installed');

// npm deletes node_modules while it installs, and with it the Node it would itself run on: give it the machine's.
const machinePath = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.endsWith('node_modules/.bin'));

await withLock(join(root, '.cache', 'ensure.lock'), async () => {
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (!isInstalled(hash)) await install(hash);
  // Node 24 from node_modules comes first.
  await run(join(bin, 'tsc'), ['-b'], [bin, ...machinePath]);
  if (isBundleStale()) await run('node', [join(root, 'scripts', 'bundle.mjs')], [bin, ...machinePath]);
}).catch((error) => {
  console.error(error.message);
  process.exit(1);
});

function isInstalled(hash) {
  if (!existsSync(join(bin, 'tsc'))) return false;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return true;
  // Someone ran `npm install` by hand: npm keeps its own record of what stands in node_modules.
  if (!holdsWhatTheLockfileNames()) return false;
  writeFileSync(stamp, hash);
  return true;
}

function holdsWhatTheLockfileNames() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const present = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true;
    const found = present[path];
    if (found === undefined) return entry.optional === true || entry.devOptional === true || entry.peer === true;
    return entry.link === true || found.version === entry.version;
  });
}

async function install(hash) {
  console.error('Installing dependencies (npm ci) …');
  // `--include=dev`: NODE_ENV=production would leave out the compiler.
  await run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], machinePath);
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stamp, hash);
}

/** Runs quietly; what it printed appears only when it fails. */
function run(command, args, path) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: path.join(delimiter) };
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => reject(new Error(`${command} can't be run (${error.message}); is it installed?`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve();
      reject(
        new Error(
          `${Buffer.concat(output)}\n\`${[command, ...args].join(' ')}\` failed (${signal ?? `exit code ${code}`}).`,
        ),
      );
    });
  });
}
