import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, NodeDetail } from '@weighbridge/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, spawnWeighbridge, startShared, stop } from './support/cli.ts';
import { createSharedFolder } from './support/folder.ts';
import { lacksMounts, lacksRoot } from './support/needs.ts';
import { SshMachine } from './support/ssh-machine.ts';

const programs = { ip: 'iproute2', sshd: 'openssh-server', ssh: 'openssh-client', systemctl: 'systemd' };
const missing = lacksMounts() || lacksRoot(programs);

let folder: Awaited<ReturnType<typeof createSharedFolder>>;
let machine: SshMachine;
let master: Running;

/** A master, and a machine that is not one of its nodes yet: for the tests of one block. */
function useMachine(options: { hasUserUnits?: boolean } = {}): void {
  beforeAll(async () => {
    folder = await createSharedFolder();
    machine = await SshMachine.start(folder.path, options);
    // On loopback of its machine: the other one reaches it by the tunnel alone.
    const listen = ['--listen', '127.0.0.1:8080', '--metrics-listen', '127.0.0.1:9090'];
    master = await startShared(
      ['master', '--embedded', ...listen, '--data', join(folder.path, 'data')],
      {},
      machine.here,
    );
  });
  afterAll(async () => {
    // Where a test has failed before it was closed.
    const tunnel = await readFile(join(folder.path, 'state/weighbridge/tunnels/tunnel-mill.pid'), 'utf8').catch(
      () => '',
    );
    if (tunnel !== '') process.kill(Number(tunnel));
    if (master) await stop(master.child);
    machine?.stop();
    await folder?.remove();
  });
}

/** Runs `weighbridge` where the master runs. */
async function run(...args: string[]) {
  const state = join(folder.path, 'state');
  const child = spawnWeighbridge(machine.here, args, { ...master.env, XDG_STATE_HOME: state });
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  const [code] = await once(child, 'close');
  return { code, ...output };
}
const add = (...args: string[]) => run('nodes', 'add', machine.target, '--ssh', machine.ssh, ...args);
const ask = async <T>(...args: string[]) => JSON.parse((await run(...args.toSpliced(2, 0, '--json'))).stdout) as T;
const findNode = () => ask<NodeDetail>('nodes', 'show', 'mill');
const findTunnels = () => execFileSync('pgrep', ['-f', 'nodes tunnel mill'], { encoding: 'utf8' }).trim().split('\n');

describe.skipIf(missing)('nodes add', { timeout: 120_000 }, () => {
  useMachine();

  test('makes a node of a bare machine in one command', async () => {
    expect(machine.run('node --version 2>/dev/null || echo none')).toBe('none\n');
    const added = await add('--name', 'mill', '--allow', 'sh,gzip', '--slots', '2');
    expect(added.stderr.split('\n')).toEqual([
      `Connecting to ${machine.target} …`,
      'Copying Node …',
      'Copying Weighbridge …',
      'Opening a tunnel …',
      'Starting the worker …',
      '',
    ]);
    expect(added.code).toBe(0);
    expect(added.stdout).toMatch(
      /^Node mill on root@10\.213\.0\.2 is ready: 2 slots, queues default, allowed: sh, gzip\.\nIts worker runs by itself, .*\nIt reaches this master through a tunnel that runs here: weighbridge nodes tunnel mill\.\n$/,
    );
    expect(await findNode()).toMatchObject({ state: 'ready', slots: 2 });
    // The token is nobody else's to read.
    expect(machine.run('stat -c %a .local/share/weighbridge/node/token')).toBe('600\n');
  });

  test('whose jobs get and send their files through its tunnel, also after that broke', async () => {
    const echoHost = ['run', '--', 'sh', '-c', 'cat /proc/self/mounts | grep -c " /root " || true'];
    expect(await run(...echoHost)).toMatchObject({ code: 0, stdout: '1\n' });
    machine.cut();
    const log = join(folder.path, 'state/weighbridge/tunnels/tunnel-mill.log');
    await expect.poll(() => readFile(log, 'utf8')).toMatch(/It broke: .* Again in 1 s\.\n$/);
    expect(await run(...echoHost)).toMatchObject({ code: 0, stdout: '1\n' });
    expect(findTunnels()).toHaveLength(1);
  });

  test('is upgraded in place by the same again, once what it runs has ended', async () => {
    const { registeredAt } = await findNode();
    const { id } = await ask<Job>('jobs', 'submit', '--', 'sh', '-c', 'sleep 8; echo whole');
    await expect.poll(async () => (await findNode()).jobCount).toBe(1);
    const added = await add('--allow', 'sh', '--slots', '3', '--queue', 'default,gpu');
    expect(added.code).toBe(0);
    expect(added.stderr).toContain('Waiting for the job that mill runs …\n');
    const job = await ask<Job>('jobs', 'show', id);
    expect(job).toMatchObject({ state: 'succeeded', attempts: [{ outcome: 'succeeded' }] });
    const node = await findNode();
    expect(node).toMatchObject({ state: 'ready', slots: 3, queues: ['default', 'gpu'] });
    expect(node.registeredAt).not.toBe(registeredAt);
    const base = join(machine.home, '.local/share/weighbridge/node');
    expect(await readdir(join(base, 'bin'))).toHaveLength(1);
    expect((await readdir(base)).filter((name) => name.startsWith('app-'))).toHaveLength(1);
    expect(findTunnels()).toHaveLength(1);
  });

  test('and with --now at once, which gives back what it runs', async () => {
    const { id } = await ask<Job>('jobs', 'submit', '--', 'sh', '-c', 'sleep 60');
    await expect.poll(async () => (await findNode()).jobCount).toBe(1);
    expect((await add('--allow', 'sh', '--now')).code).toBe(0);
    const job = await ask<Job>('jobs', 'show', id);
    expect(job.attempts[0]).toMatchObject({ outcome: 'released' });
    await run('jobs', 'cancel', id);
  });

  test('is taken back by nodes remove, with all that was copied', async () => {
    const removed = await run('nodes', 'remove', machine.target, '--ssh', machine.ssh);
    expect(removed).toEqual({ code: 0, stdout: `Node mill was removed from ${machine.target}.\n`, stderr: '' });
    expect((await run('nodes', 'show', 'mill')).stderr).toBe('weighbridge: there is no node mill\n');
    expect(existsSync(join(machine.home, '.local/share/weighbridge'))).toBe(false);
    expect(machine.run('pgrep -fc [w]orker.js || true').trim()).toBe('0');
    expect(() => findTunnels()).toThrow();
    const again = await run('nodes', 'remove', machine.target, '--ssh', machine.ssh);
    expect(again).toMatchObject({ code: 1, stderr: `weighbridge: ${machine.target} is no node that was added here\n` });
  });

  test('says why a machine can not be reached, and which one does not fit', async () => {
    const wrong = await run('nodes', 'add', 'root@10.213.0.9', '--ssh', `${machine.ssh} -o ConnectTimeout=1`);
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/weighbridge: root@10\.213\.0\.9: ssh: connect to host .*\n$/),
    ]);
    expect(await add('--node', '/nowhere/node')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('weighbridge: --node /nowhere/node: there is no such file\n'),
    });
    expect(await add('--node', '/bin/true')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'the copied Node must run there and be 22.18 or newer, but said: true (GNU coreutils)',
      ),
    });
    expect(await run('nodes', 'add', '-oProxyCommand=evil')).toMatchObject({ code: 2 });
  });
});

describe.skipIf(missing)('nodes add where the user has a systemd of its own', { timeout: 120_000 }, () => {
  useMachine({ hasUserUnits: true });

  test('makes the worker a unit, which comes back when it was killed, is upgraded, and goes with the node', async () => {
    await expect.poll(() => machine.run('systemctl --user is-system-running 2>&1 || true')).toMatch(/running|degraded/);
    const added = await add('--name', 'mill', '--allow', 'sh');
    expect(added).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('a systemd user unit, weighbridge-worker.service, which comes back'),
    });
    // Nobody may let the user linger there.
    expect(added.stderr).toContain('loginctl enable-linger');
    const { registeredAt } = await findNode();
    machine.run('systemctl --user kill --signal=KILL weighbridge-worker.service');
    await expect.poll(async () => (await findNode()).registeredAt, { timeout: 30_000 }).not.toBe(registeredAt);
    await expect.poll(async () => (await findNode()).state).toBe('ready');
    expect(await run('run', '--', 'sh', '-c', 'echo from $(uname)')).toMatchObject({ code: 0, stdout: 'from Linux\n' });
    expect((await add('--allow', 'sh', '--slots', '2')).code).toBe(0);
    expect(await findNode()).toMatchObject({ state: 'ready', slots: 2 });
    expect((await run('nodes', 'remove', machine.target, '--ssh', machine.ssh)).code).toBe(0);
    expect(machine.run('ls .config/systemd/user; pgrep -fc [w]orker.js || true').trim()).toBe('0');
  });
});
