import { execFile } from 'node:child_process';
import { chmod, chown, stat } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';
import { StartError } from '../../errors.ts';
import type { PostgresBinaries } from './binaries.ts';

const run = promisify(execFile);

/** How PostgreSQL's programs are started, so that they don't run as root, which they refuse. */
export interface RunAs {
  /** Put before the program and its arguments. */
  readonly prefix: readonly string[];
  /** For `spawn`; absent where the user stays the same. */
  readonly ids?: { readonly uid: number; readonly gid: number };
  /** Who owns the database's files, as this process sees it; undefined leaves them as they are. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** The user nobody has this number on every Linux; inside a user namespace too. */
const nobody = 65534;
const probeMs = 10_000;
const inNamespace = ['unshare', '--user', `--map-user=${nobody}`, '--'];

export interface RunAsOptions {
  readonly binaries: PostgresBinaries;
  /** The data folder, and the store's folder in it. */
  readonly dataDir: string;
  readonly directory: string;
  /** Default: this process's. */
  readonly uid?: number | undefined;
  /** Where `unshare` is looked for. Default: this process's `PATH`. */
  readonly path?: string | undefined;
}

/**
 * Decides how the programs are run. For root: in a user namespace, where root's files stay root's; else as the user
 * nobody, where that user can reach programs and data.
 *
 * @throws StartError `store-unsupported` when neither works.
 */
export async function chooseRunAs(options: RunAsOptions): Promise<RunAs> {
  const { binaries, directory, uid = process.getuid?.() } = options;
  if (uid !== 0) return { prefix: [] };
  const env = environmentOf(binaries, options.path);
  if (await succeeds(inNamespace, [binaries.postgres, '--version'], { env }))
    return { prefix: inNamespace, owner: { uid: 0, gid: 0 } };
  if (await isReachableByNobody(options, env)) return { prefix: [], ids: ids(nobody), owner: ids(nobody) };
  throw new StartError({ code: 'store-unsupported', lacks: 'user', paths: [binaries.postgres, directory] });
}

const ids = (id: number) => ({ uid: id, gid: id });

async function isReachableByNobody({ binaries, dataDir, directory }: RunAsOptions, env: NodeJS.ProcessEnv) {
  const folder = await stat(dataDir);
  const inner = await stat(directory);
  // Who may pass through the data folder still can't list it, and what lies in it has modes of its own.
  await chmod(dataDir, (folder.mode & 0o777) | 0o011);
  await chown(directory, nobody, nobody);
  const probe = ['-c', '"$1" --version && test -w "$2" && test -x "$2"', 'sh', binaries.postgres, directory];
  if (await succeeds(['sh'], probe, { env, ...ids(nobody) })) return true;
  await chown(directory, inner.uid, inner.gid);
  await chmod(dataDir, folder.mode & 0o777);
  return false;
}

async function succeeds([program = '', ...first]: string[], args: string[], options: object): Promise<boolean> {
  return run(program, [...first, ...args], { timeout: probeMs, cwd: '/', ...options }).then(
    () => true,
    () => false,
  );
}

/** Nothing of the caller's: its `PG*` variables are meant for other servers. */
export function environmentOf({ libraries }: PostgresBinaries, path = process.env.PATH): NodeJS.ProcessEnv {
  const libraryPath = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return { PATH: path, LC_ALL: 'C', [libraryPath]: libraries.join(delimiter) };
}
