import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { lacksMounts } from '../../../../e2e/support/needs.ts';
import { test } from './support/worker-fixture.ts';
import { isRunning, startWorkerProcess, untilGone } from './support/worker-process.ts';

const missing = lacksMounts();

/**
 * A clock that a test can move, in the place of /proc/uptime: no machine can be suspended here. Everything else goes on, as
 * Node's own timers do over a suspension.
 */
async function createClock() {
  const folder = await mkdtemp(join(tmpdir(), 'weighbridge-clock-'));
  const path = join(folder, 'uptime');
  let aheadSeconds = 0;
  const write = () => writeFileSync(path, `${(uptime() + aheadSeconds).toFixed(2)} 0.00\n`);
  write();
  const timer = setInterval(write, 20);
  onTestFinished(async () => {
    clearInterval(timer);
    await rm(folder, { recursive: true });
  });
  return {
    /** Runs a command with this clock. */
    within: ['unshare', '--mount', 'sh', '-c', `mount --bind ${path} /proc/uptime && exec "$@"`, 'sh'],
    leap: (seconds: number) => {
      aheadSeconds += seconds;
      write();
    },
  };
}

test.skipIf(missing)(
  `a machine that was suspended past an attempt's lease ends it at once`,
  async ({ master, workDir }) => {
    master.leaseSeconds = 600;
    const clock = await createClock();
    const options = { master: master.url, token: master.token, name: 'node-1', slots: 1, allow: ['sh'], workDir };
    const { worker } = await startWorkerProcess(options, clock.within);
    const exited = once(worker, 'exit');
    const result = once(master, 'result');
    const ref = master.hand({ command: 'sh', args: ['-c', 'echo $$; exec sleep 1000'] });
    await once(master, 'log');
    const pids = [Number(master.text('stdout', ref))];
    // The worker hears nothing of the master either, as when it wakes far away from it.
    master.fault = (request) => !request.url?.endsWith('/result');
    clock.leap(470);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(pids.filter(isRunning)).toEqual(pids);
    clock.leap(20);
    await untilGone(pids, 1000);
    expect((await result)[1]).toMatchObject({
      outcome: 'released',
      reason: 'the master acknowledged no heartbeat for 480 s, of a lease of 600 s',
    });
    worker.kill('SIGTERM');
    await exited;
  },
);
