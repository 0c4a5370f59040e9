import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job } from '@weighbridge/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anyPorts, npmStart, type Running, start, weighbridge } from './support/cli.ts';
import { commandOf, gone, treeOf } from './support/processes.ts';

type Send = (running: Running, signal: NodeJS.Signals) => void;

const toNpm: Send = ({ child }, signal) => void child.kill(signal);
const toProcess: Send = (running, signal) => process.kill(pidOf(running, 'weighbridge up'), signal);
const toGroup: Send = ({ child }, signal) => process.kill(-(child.pid as number), signal);

const ways: [whom: string, signal: NodeJS.Signals, send: Send][] = [
  ['npm', 'SIGINT', toNpm],
  ['npm', 'SIGTERM', toNpm],
  ['the process', 'SIGINT', toProcess],
  ['the process', 'SIGTERM', toProcess],
  ['the whole group, as Ctrl-C does', 'SIGINT', toGroup],
];

// One folder and one job for all: each start runs what the stop before gave back.
let folder: string;
let args: string[];
let job: Job | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weighbridge-e2e-'));
  args = [...anyPorts, '--data', join(folder, 'data')];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(ways)('sent to %s', (_whom, signal, send) => {
  test(`${signal} stops everything within 5 s and gives the job back`, async () => {
    const running = await npmStart(args, {}, { detached: true });
    job ??= await submitSleep(running);
    await expect.poll(() => findPid(running, 'sleep 300'), { timeout: 15_000 }).toBeDefined();
    const tree = treeOf(running.child.pid as number);

    send(running, signal);

    await gone(tree, 5000);
    expect(running.events.at(-1)).toEqual({ event: 'stopped' });
  });
});

test('a stopped worker leaves its job queued, and the stop used up no retry', async () => {
  const { env } = await start(['master', '--embedded', ...args]);
  const show = await weighbridge(['jobs', 'show', job?.id ?? '', '--json'], env);
  const { state, retryLimit, attempts } = JSON.parse(show.stdout) as Job;
  expect({ state, retryLimit }).toEqual({ state: 'queued', retryLimit: 0 });
  expect(attempts.map(({ outcome }) => outcome)).toEqual(ways.map(() => 'released'));
});

async function submitSleep({ env }: Running): Promise<Job> {
  const submitted = await weighbridge(['jobs', 'submit', '--json', '--', 'sleep', '300'], env);
  return JSON.parse(submitted.stdout) as Job;
}

/** The process of a tree that runs this command. */
function findPid(running: Running, command: string): number | undefined {
  return treeOf(running.child.pid as number).find((pid) => commandOf(pid).includes(command));
}

function pidOf(running: Running, command: string): number {
  const pid = findPid(running, command);
  if (pid === undefined) throw new Error(`nothing runs ${command}`);
  return pid;
}
