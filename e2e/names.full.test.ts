import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anyPorts, start, startWorker, stop, weighbridge } from './support/cli.ts';
import { createFolder } from './support/folder.ts';

async function nodes(env: Record<string, string | undefined>): Promise<Record<string, string>> {
  const { stdout } = await weighbridge(['nodes', 'list', '--json'], env);
  const list = JSON.parse(stdout) as { nodes: { id: string; state: string }[] };
  return Object.fromEntries(list.nodes.map(({ id, state }) => [id, state]));
}

test('a worker in a second terminal gets a name of its own, and a stopped one can be deleted', async () => {
  const folder = await createFolder();
  const { env, events } = await start(['up', ...anyPorts, '--data', folder]);
  const host = String(events.find(({ event }) => event === 'worker')?.name);
  const second = await startWorker(['--work-dir', join(folder, 'worker')], env);
  expect(await nodes(env)).toEqual({ [host]: 'ready', [`${host}-2`]: 'ready' });

  const refused = await weighbridge(['nodes', 'delete', `${host}-2`], env);
  expect({ code: refused.code, stderr: refused.stderr }).toEqual({
    code: 1,
    stderr: `weighbridge: node ${host}-2 is ready, and only a node that is stopped or lost can be deleted: stop its worker first\n`,
  });
  await stop(second.child);
  expect(await nodes(env)).toEqual({ [host]: 'ready', [`${host}-2`]: 'stopped' });
  expect((await weighbridge(['nodes', 'delete', `${host}-2`], env)).stdout).toBe(`Node ${host}-2 was deleted.\n`);
  expect(await nodes(env)).toEqual({ [host]: 'ready' });
});

test('a worker of `up` whose name is taken over comes back when it is free, and the master goes on', async () => {
  const folder = await createFolder();
  const { child, env, events } = await start(['up', ...anyPorts, '--data', folder]);
  const host = String(events.find(({ event }) => event === 'worker')?.name);
  const elsewhere = ['--name', host, '--work-dir', join(folder, 'elsewhere')];
  const refused = await weighbridge(['worker', ...elsewhere], env);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^weighbridge: another worker holds the name .*--take-over.*\n$/);

  const other = await startWorker([...elsewhere, '--take-over'], env);
  const told = () => events.filter(({ event }) => event === 'worker-failed').length;
  await expect.poll(told).toBeGreaterThan(0);
  expect(child.exitCode).toBeNull();
  await stop(other.child);
  // The one that `up` keeps is back as soon as the name is free.
  await expect.poll(() => events.filter(({ event }) => event === 'worker').length).toBe(2);
  expect(await nodes(env)).toEqual({ [host]: 'ready' });
  expect((await weighbridge(['jobs', 'submit', '--wait', '--', 'echo', 'hello'], env)).stdout).toBe('hello\n');
});
