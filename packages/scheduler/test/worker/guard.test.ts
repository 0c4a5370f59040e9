import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect } from 'vitest';
import { lacks, lacksProc, lacksPrograms } from '../../../../e2e/support/needs.ts';
import { AttemptCgroups } from '../../src/worker/cgroups.ts';
import type { ScriptedMaster } from './support/scripted-master.ts';
import { test as base } from './support/worker-fixture.ts';
import { freeze, isRunning, startWorkerProcess, untilGone } from './support/worker-process.ts';

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
const lacksSetsid = lacksPrograms({ setsid: 'util-linux' });
const lacksCgroups = lacks(AttemptCgroups.open('test')?.removeAll() ?? false, 'a writable cgroup v2');

describe('the guard', () => {
  test('ends a job with its grandchild when the worker is killed with -9', async ({ runs }) => {
    const { worker, guardPid, pids } = await runs(withGrandchild);
    expect(pids).toHaveLength(3);
    expect(pids.filter(isRunning)).toEqual(pids);
    worker.kill('SIGKILL');
    await untilGone([...pids, guardPid], 5000);
  });

  test('tells the master that the worker has died, once nothing of its jobs runs', async ({ master, runs }) => {
    let faults = 2;
    master.fault = (request) => {
      if (!request.url?.endsWith('/goodbye') || faults === 0) return false;
      faults--;
      request.socket.destroy();
      return true;
    };
    const { worker, guardPid, pids } = await runs(withGrandchild);
    const told = once(master, 'goodbye');
    worker.kill('SIGKILL');
    const [goodbye] = await told;
    expect(pids.filter(isRunning)).toEqual([]);
    expect(goodbye).toEqual({ session: expect.stringMatching(/^[0-9a-f-]{36}$/), workerDied: true });
    await untilGone([guardPid], 5000);
  });

  test('says nothing of a worker that stops in good order', async ({ master, runs }) => {
    const { worker, guardPid } = await runs(withGrandchild);
    const told = once(master, 'goodbye');
    worker.kill('SIGTERM');
    expect((await told)[0]).not.toHaveProperty('workerDied');
    await untilGone([guardPid], 5000);
    expect(master.requests.filter((request) => request.endsWith('/goodbye'))).toHaveLength(1);
  });

  test.skipIf(lacksProc())(
    'killed together with its worker leaves processes, which the next worker ends before it registers',
    async ({ master, workDir, runs, start, events }) => {
      const { worker, guardPid, pids } = await runs(withGrandchild);
      // The worker first, stopped, so that it can't start another guard.
      await freeze(worker.pid ?? 0);
      process.kill(guardPid, 'SIGKILL');
      worker.kill('SIGKILL');
      await untilGone([guardPid, worker.pid ?? 0], 5000);
      expect(pids.filter(isRunning)).toEqual(pids);
      const registering = once(master, 'register').then(() => pids.filter(isRunning));
      await start({ workDir });
      expect(await registering).toEqual([]);
      expect(events).toContainEqual({ type: 'leftovers-ended', count: pids.length });
    },
  );

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

  test.skipIf(lacksSetsid)('ends what left its process group by setsid', async ({ runs }) => {
    const { worker, guardPid, pids } = await runs(`setsid sh -c 'echo $$; sleep 1000' & wait`);
    worker.kill('SIGKILL');
    await untilGone([...pids, guardPid], 5000);
  });

  test.skipIf(lacksSetsid || lacksCgroups)(
    'ends what left its group and its environment too, by its cgroup',
    async ({ master, runs }) => {
      const script = `setsid env -i sh -c 'echo $$; exec sleep 1000' & wait`;
      const { worker, guardPid, pids } = await runs(script);
      const told = once(master, 'goodbye');
      worker.kill('SIGKILL');
      await told;
      expect(pids.filter(isRunning)).toEqual([]);
      await untilGone([guardPid], 5000);
      const again = await runs(`setsid env -i sh -c 'echo $$; exec sleep 1000' & sleep 0.2`);
      await untilGone(again.pids, 5000);
    },
  );

  test('leaves nothing of a job running once the job has ended', async ({ master, runs }) => {
    const leave = lacksSetsid ? '' : 'setsid';
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
