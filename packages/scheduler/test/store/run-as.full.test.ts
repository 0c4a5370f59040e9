import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lacksRoot } from '../../../../e2e/support/needs.ts';
import { findBinaries, linkLibraries, type PostgresBinaries } from '../../src/store/embedded/binaries.ts';
import { ensureCluster } from '../../src/store/embedded/cluster.ts';
import { chooseRunAs, environmentOf, type RunAs } from '../../src/store/embedded/run-as.ts';
import { ServerProcess } from '../../src/store/embedded/server-process.ts';

const run = promisify(execFile);
const missing = lacksRoot();

const nobody = 65534;
let dataDir: string;
let directory: string;
let original: PostgresBinaries;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'weighbridge-run-as-'));
  directory = join(dataDir, 'store');
  await mkdir(directory, { mode: 0o700 });
  original = await linkLibraries(findBinaries(), join(directory, 'lib'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

/** The programs where the user nobody reaches them: a clone may lie in a home that is closed. */
async function reachableBinaries(): Promise<PostgresBinaries> {
  const native = join(dataDir, 'native');
  await run('cp', ['-r', join(dirname(original.postgres), '..'), native]);
  const program = (name: string) => join(native, 'bin', name);
  return { postgres: program('postgres'), initdb: program('initdb'), libraries: [join(native, 'lib')] };
}

/** A `PATH` with everything but `unshare`. */
async function pathWithoutUnshare(): Promise<string> {
  const folder = join(dataDir, 'bin');
  await mkdir(folder);
  for (const name of ['sh', 'test', 'locale']) {
    const { stdout } = await run('which', [name]).catch(() => ({ stdout: '' }));
    if (stdout !== '') await symlink(stdout.trim(), join(folder, name));
  }
  return folder;
}

/** That it opens the cluster as it should. */
async function startAndStop(binaries: PostgresBinaries, runAs: RunAs, cluster: string): Promise<void> {
  const server = await ServerProcess.start(binaries, runAs, cluster, directory);
  await server.stop();
}

describe.skipIf(missing)('root, whom PostgreSQL refuses', () => {
  test('runs it in a user namespace, where the files stay its own', { timeout: 60_000 }, async () => {
    const runAs = await chooseRunAs({ binaries: original, dataDir, directory });
    expect(runAs).toMatchObject({ prefix: expect.arrayContaining(['unshare']), owner: { uid: 0 } });
    const cluster = await ensureCluster(directory, original, runAs);
    await startAndStop(original, runAs, cluster);
    expect((await stat(join(cluster, 'PG_VERSION'))).uid).toBe(0);
  });

  test('runs it as nobody where there is no unshare', { timeout: 60_000 }, async () => {
    await chmod(dataDir, 0o700);
    const binaries = await reachableBinaries();
    const runAs = await chooseRunAs({ binaries, dataDir, directory, path: await pathWithoutUnshare() });
    expect(runAs).toEqual({
      prefix: [],
      ids: { uid: nobody, gid: nobody },
      owner: { uid: nobody, gid: nobody },
    });
    const cluster = await ensureCluster(directory, binaries, runAs);
    await startAndStop(binaries, runAs, cluster);
    expect((await stat(join(cluster, 'PG_VERSION'))).uid).toBe(nobody);
    // Nobody passes through the data folder, and lists nothing in it.
    expect((await stat(dataDir)).mode & 0o777).toBe(0o711);

    // The next start may be able to use a namespace: then the files are root's again.
    const inNamespace = await chooseRunAs({ binaries, dataDir, directory });
    await ensureCluster(directory, binaries, inNamespace);
    await startAndStop(binaries, inNamespace, cluster);
    expect((await stat(join(cluster, 'PG_VERSION'))).uid).toBe(0);
    expect((await stat(join(cluster, 'base'))).uid).toBe(0);

    // And back.
    const asNobody = await chooseRunAs({ binaries, dataDir, directory, path: join(dataDir, 'bin') });
    await ensureCluster(directory, binaries, asNobody);
    await startAndStop(binaries, asNobody, cluster);
  });

  test('is told the way out where nobody reaches neither programs nor data, and nothing is changed', async () => {
    const closed = join(dataDir, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const folder = join(closed, 'data');
    await mkdir(join(folder, 'store'), { recursive: true, mode: 0o700 });
    await writeFile(join(folder, 'token'), 'secret', { mode: 0o600 });
    const path = await pathWithoutUnshare();
    const refused = chooseRunAs({ binaries: original, dataDir: folder, directory: join(folder, 'store'), path });
    await expect(refused).rejects.toMatchObject({
      failure: { code: 'store-unsupported', lacks: 'user', paths: [original?.postgres, join(folder, 'store')] },
    });
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await stat(join(folder, 'store'))).toMatchObject({ uid: 0 });
  });

  test('any other user runs the programs as they are', async () => {
    expect(await chooseRunAs({ binaries: original, dataDir, directory, uid: 1000 })).toEqual({ prefix: [] });
  });
});

test('a package that belongs to someone else gets the links between its libraries in a folder of the store', async () => {
  const copied = await reachableBinaries();
  const lib = copied.libraries[0] ?? '';
  for (const entry of await readdir(lib, { withFileTypes: true }))
    if (entry.isSymbolicLink()) await rm(join(lib, entry.name));
  const version = (binaries: PostgresBinaries) =>
    run(binaries.postgres, ['--version'], { env: environmentOf(binaries) }).then(({ stdout }) => stdout, String);
  expect(await version(copied)).toContain('error while loading shared libraries');
  // As a read-only file system answers: this test may be root, whom no mode keeps out.
  const readOnly: typeof symlink = async (to, path) => {
    if (String(path).startsWith(lib)) throw Object.assign(new Error('read-only'), { code: 'EROFS' });
    await symlink(to, path);
  };
  const linked = await linkLibraries(copied, join(directory, 'lib'), readOnly);
  expect(linked.libraries).toEqual([join(directory, 'lib'), lib]);
  expect(await version(linked)).toContain('PostgreSQL');
});

test("nothing of the caller's environment reaches the programs", () => {
  process.env.PGPORT = '1';
  try {
    const environment = environmentOf(original ?? { postgres: '', initdb: '', libraries: ['/lib'] });
    expect(Object.keys(environment).sort()).toEqual(['LC_ALL', 'LD_LIBRARY_PATH', 'PATH']);
    expect(environment.PATH?.split(delimiter).length).toBeGreaterThan(0);
  } finally {
    delete process.env.PGPORT;
  }
});
