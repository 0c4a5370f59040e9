// npm leaves an optional package out of the lockfile when the registry that it asked doesn't have it (a mirror
// with one platform only), and `npm ci` then refuses that lockfile everywhere. This adds the missing names, with
// version and platform as their parent states them; npm fetches them only on their own platform.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = [];

for (const [path, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    if (path === '' || isPresent(path, name)) continue;
    lock.packages[`node_modules/${name}`] = {
      version,
      ...platformOf(name, parent.dev === true),
    };
    added.push(`${name}@${version}`);
  }
}
if (added.length > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(added.length > 0 ? `Added to package-lock.json: ${added.join(', ')}` : 'package-lock.json is complete.');

function isPresent(path, name) {
  return `node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages;
}

/** `cli-linux-arm64-musl` → os linux, cpu arm64, libc musl. */
function platformOf(name, dev) {
  const words = name.split('/').at(-1).split('-');
  const os = words.find((word) => ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'].includes(word));
  if (os === undefined) throw new Error(`${name} is missing from package-lock.json and its name tells no platform`);
  const cpu = words[words.indexOf(os) + 1];
  const abi = words.at(-1) ?? '';
  const libc = abi.startsWith('musl') ? ['musl'] : abi.startsWith('gnu') ? ['glibc'] : undefined;
  return { cpu: [cpu], ...(dev && { dev }), ...(libc && { libc }), optional: true, os: [os] };
}
