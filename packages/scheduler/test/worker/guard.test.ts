import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect } from 'vitest';
import type { ScriptedMaster } from './support/scripted-master.ts';
import { test as base } from './support/worker-fixture.ts';
import { isRunning, startWorkerProcess, untilGone } from './support/worker-process.ts';

interface Fixtures {
  /** A worker process that runs a job; `pids` are what the job wrote: its own and its grandchildren's. */
  runs: (script: string) => Promise<{ worker: ChildProcess; guardPid: number; pids: number[] }>;
}

const test = base.extend<Fixtures>({
  runs: async ({ master, workDir }, use) => {
    const workers: ChildProcess[] = [];
    await use(async (script) => {
      const options = { master: master.url, token: master.token, name: 'node-1', slots: 1, allow: ['sh'], workDir };
      const { worker, info } = await startWorkerProcess(options);
      workers.push(worker);
      master.hand({ command: 'sh', args: ['-c', script] });
      return { worker, guardPid: info.guardPid, pids: await printedPids(master) };
    });
    for (const worker of workers) worker.kill('SIGKILL');
  },
});

/** The numbers of the first line that a job writes. */
async function printedPids(master: ScriptedMaster): Promise<number[]> {
  for (let line = ''; ; ) {
    const [{ text }] = (await once(master, 'log')) as [{ text: string }];
    line += text;
    if (line.includes('\n')) return line.trim().split(' ').map(Number);
  }
}

const withGrandchild = `sh -c 'trap "" TERM HUP; sleep 1000 & echo $PPID $$ $!; wait' & wait`;
const hasSetsid = spawnSync('setsid', ['--version']).error === undefined;

describe('the guard', () => {
  test('ends a job with its grandchild when the worker is killed with -9', async ({ runs }) => {
    const { worker, guardPid, pids } = await runs(withGrandchild);
    expect(pids).toHaveLength(3);
    expect(pids.filter(isRunning)).toEqual(pids);
    worker.kill('SIGKILL');
    await untilGone([...pids, guardPid], 5000);
  });

  test('ends a job with its grandchild when the worker is stopped and the lease runs out', async ({ master, runs }) => {
    master.leaseSeconds = 4;
    const { worker, guardPid, pids } = await runs(withGrandchild);
    worker.kill('SIGSTOP');
    const stoppedMs = performance.now();
    await untilGone(pids, 4000);
    // Not at once: a worker that comes back in time keeps what it runs.
    expect(performance.now() - stoppedMs).toBeGreaterThan(500);
    expect(isRunning(guardPid)).toBe(true);
    worker.kill('SIGKILL');
    await untilGone([guardPid], 5000);
  });

  test('gives back what it ended once the worker goes on', async ({ master, runs }) => {
    master.leaseSeconds = 4;
    const { worker, pids } = await runs(withGrandchild);
    worker.kill('SIGSTOP');
    await untilGone(pids, 4000);
    const result = once(master, 'result');
    worker.kill('SIGCONT');
    expect((await result)[1]).toMatchObject({ outcome: 'released', signal: 'SIGKILL' });
  });

  test.skipIf(!hasSetsid)('ends what left its process group by setsid', async ({ runs }) => {
    const { worker, guardPid, pids } = await runs(`setsid sh -c 'echo $$; sleep 1000' & wait`);
    worker.kill('SIGKILL');
    await untilGone([...pids, guardPid], 5000);
  });

  test('leaves nothing of a job running once the job has ended', async ({ master, runs }) => {
    const leave = hasSetsid ? 'setsid' : '';
    const result = once(master, 'result');
    const { pids } = await runs(
      `sleep 1000 & export IN_GROUP=$!
      ${leave} sh -c 'echo $IN_GROUP $$; touch said; exec sleep 1000' &
      until [ -e said ]; do :; done`,
    );
    expect(pids).toHaveLength(2);
    expect((await result)[1]).toMatchObject({ outcome: 'succeeded' });
    await untilGone(pids, 5000);
  });

  test('is replaced when it is killed, and what it guarded is ended and given back', async ({ master, runs }) => {
    const { guardPid, pids } = await runs(withGrandchild);
    const result = once(master, 'result');
    process.kill(guardPid, 'SIGKILL');
    expect((await result)[1]).toMatchObject({ outcome: 'released' });
    await untilGone(pids, 5000);
    expect(await master.run({ command: 'sh', args: ['-c', 'exit 0'] })).toMatchObject({ outcome: 'succeeded' });
  });
});
