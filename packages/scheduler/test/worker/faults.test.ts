import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '@weighbridge/protocol';
import { describe, expect, vi } from 'vitest';
import { Worker } from '../../src/worker/index.ts';
import { problem } from './support/scripted-master.ts';
import { test } from './support/worker-fixture.ts';
import { untilGone } from './support/worker-process.ts';

const shell = (script: string, more: object = {}) => ({ command: 'sh', args: ['-c', script], ...more });
/** Of a busy machine. */
const patient = { timeout: 15_000 };
/** Writes its pid, then runs until it is ended. */
const lasting = shell('echo $$; exec sleep 1000');

describe('a worker', () => {
  test('sends output as it comes, whole and in order, though every third chunk is answered with a fault', async ({
    master,
    start,
  }) => {
    await start();
    let calls = 0;
    master.fault = (request, response) => {
      if (!request.url?.includes('/logs') || ++calls % 3 !== 0) return false;
      if (calls % 2 === 0) request.socket.destroy();
      else problem(response, 503, 'store-unavailable');
      return true;
    };
    const ref = master.hand(shell('i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done; echo oops >&2'));
    await once(master, 'result');
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('');
    expect(master.text('stdout', ref)).toBe(lines);
    expect(master.text('stderr', ref)).toBe('oops\n');
    expect(calls).toBeGreaterThan(2);
  });

  test('sends the first line while the command still runs', async ({ master, start }) => {
    await start();
    const ref = master.hand(lasting);
    await once(master, 'log');
    expect(master.text('stdout', ref)).toMatch(/^\d+\n$/);
    master.end = [ref];
    await once(master, 'result');
  });

  test('keeps head and tail of what the master does not take, and the command does not wait', async ({
    master,
    start,
    workDir,
  }) => {
    await start();
    const held: (() => void)[] = [];
    let isHolding = true;
    master.fault = (request, response) => {
      if (!isHolding || !request.url?.includes('/logs')) return false;
      held.push(() => problem(response, 503, 'store-unavailable'));
      return true;
    };
    // Far more than the buffers of sockets hold.
    const script = 'head -c 20000000 /dev/zero; printf end; printf oops >&2; echo written > done; sleep 1';
    const ref = master.hand(shell(script, { outputs: ['done'] }));
    const result = once(master, 'result');
    const attempts = join(workDir, 'node-1', 'attempts');
    const written = async () => {
      const [directory = ''] = await readdir(attempts);
      return readdir(join(attempts, directory));
    };
    await expect.poll(written).toEqual(['done']);
    isHolding = false;
    for (const release of held) release();
    expect((await result)[1]).toMatchObject({ outcome: 'succeeded' });
    const parts = master.logs.filter(({ stream }) => stream === 'stdout').sort((a, b) => a.offset - b.offset);
    const kept = Map.groupBy(parts, ({ offset }) => offset < limits.logHeadBytes);
    const sizeOf = (of: typeof parts = []) => of.reduce((sum, part) => sum + part.text.length, 0);
    expect(sizeOf(kept.get(true))).toBe(limits.logHeadBytes);
    expect(sizeOf(kept.get(false))).toBe(limits.logTailBytes);
    expect(parts.at(-1)?.text.endsWith('end')).toBe(true);
    expect(parts.at(-1)?.offset).toBe(20_000_003 - (parts.at(-1)?.text.length ?? 0));
    expect(master.text('stderr', ref)).toBe('oops');
  });

  test('ends what the heartbeat’s answer names', async ({ master, start }) => {
    await start();
    const ref = master.hand(lasting);
    await once(master, 'log');
    master.end = [ref];
    const [, result] = await once(master, 'result');
    expect(result).toMatchObject({ outcome: 'cancelled', signal: 'SIGTERM' });
    await untilGone([Number(master.text('stdout', ref))], 1000);
  });

  test('runs as many attempts at a time as it has slots for', async ({ master, start }) => {
    await start({ slots: 2 });
    const first = master.hand(lasting);
    await once(master, 'log');
    const second = master.hand(lasting);
    await once(master, 'log');
    const third = master.hand(shell('exit 0'));
    const [heartbeat] = await once(master, 'heartbeat');
    expect(heartbeat.attempts).toEqual([first, second]);
    master.end = [first];
    const paths = [(await once(master, 'result'))[0], (await once(master, 'result'))[0]];
    expect(paths).toEqual([first, third].map(({ jobId }) => `/jobs/${jobId}/attempts/1/result`));
  });

  test('asks for the slots that have become free while it waits', async ({ master, start }) => {
    await start({ slots: 2 });
    const first = master.hand(lasting);
    await once(master, 'log');
    await vi.waitFor(() => expect(master.waitingSlots).toEqual([1]), patient);
    master.end = [first];
    await once(master, 'result');
    await vi.waitFor(() => expect(master.waitingSlots).toEqual([1, 2]), patient);
    expect(await master.run(shell('exit 0', { slots: 2 }))).toMatchObject({ outcome: 'succeeded' });
  });

  test('gives back what it was handed beyond its slots', async ({ master, start }) => {
    await start({ slots: 1 });
    await vi.waitFor(() => expect(master.waitingSlots).toEqual([1]), patient);
    master.isGenerous = true;
    master.hand(lasting);
    const second = master.run(lasting);
    expect(await second).toMatchObject({ outcome: 'released', reason: 'the node had no free slots left' });
  });

  test('ends what it runs when the master falls silent, gives it back when it answers again', async ({
    master,
    start,
    events,
  }) => {
    master.leaseSeconds = 4;
    await start();
    const ref = master.hand(lasting);
    await once(master, 'log');
    const pid = Number(master.text('stdout', ref));
    master.fault = (request) => request.socket.destroy() !== undefined;
    await untilGone([pid], 4000);
    // The guard ends the process; what the worker tells of it may come a moment later.
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('master-silent'), patient);
    master.fault = () => false;
    expect((await once(master, 'result'))[1]).toMatchObject({ outcome: 'released' });
    // Until then what a claim brings is given back: it would run without a lease.
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('master-back'), patient);
    expect(await master.run(shell('exit 0'))).toMatchObject({ outcome: 'succeeded' });
  });

  test('repeats a result until it is acknowledged', async ({ master, start }) => {
    await start();
    let faults = 3;
    master.fault = (request) => {
      if (!request.url?.endsWith('/result') || faults === 0) return false;
      faults--;
      request.socket.destroy();
      return true;
    };
    expect(await master.run(shell('exit 5'))).toMatchObject({ outcome: 'failed', exitCode: 5 });
    expect(faults).toBe(0);
  });

  test('repeats a transfer that broke off halfway', async ({ master, start }) => {
    await start();
    const sha256 = master.store('content\n'.repeat(10_000));
    const broken = new Set<string>();
    master.fault = (request, response) => {
      const call = request.method ?? '';
      if (!request.url?.startsWith('/blobs/') || call === 'HEAD' || broken.has(call)) return false;
      broken.add(call);
      if (call === 'GET') response.writeHead(200, { 'content-length': 80_000 }).write('content\n');
      setImmediate(() => request.socket.destroy());
      return true;
    };
    const inputs = [{ name: 'in', sha256 }];
    const result = await master.run(shell('cat in in > out', { inputs, outputs: ['out'] }));
    expect([...broken]).toEqual(['GET', 'PUT']);
    expect(result.outputs).toMatchObject([{ name: 'out', sizeBytes: 160_000 }]);
    expect(master.blobs.get(result.outputs?.[0]?.sha256 ?? '')).toHaveLength(160_000);
  });

  test('kills an attempt that the master calls stale, and reports nothing of it', async ({
    master,
    start,
    workDir,
  }) => {
    await start();
    master.fault = (request, response) => {
      if (!request.url?.includes('/logs')) return false;
      problem(response, 409, 'stale-attempt');
      return true;
    };
    master.hand(shell('echo $$ > pid; echo line; exec sleep 1000'));
    const attempts = join(workDir, 'node-1', 'attempts');
    await expect.poll(() => master.requests.filter((request) => request.endsWith('/logs'))).toHaveLength(1);
    await expect.poll(() => readdir(attempts)).toEqual([]);
    expect(master.requests.filter((request) => request.endsWith('/result'))).toEqual([]);
  });

  test('registers again with a master that has forgotten it', async ({ master, start }) => {
    await start();
    const again = once(master, 'register');
    master.fault = (request, response) => {
      if (!request.url?.endsWith('/heartbeat')) return false;
      master.fault = () => false;
      problem(response, 404, 'not-found');
      return true;
    };
    await again;
    const claims = () => master.requests.filter((request) => request.endsWith('/claim')).length;
    await expect.poll(claims).toBeGreaterThanOrEqual(2);
    await expect.poll(() => master.waitingSlots).toEqual([2]);
    expect(await master.run(shell('exit 0'))).toMatchObject({ outcome: 'succeeded' });
  });

  test('ends when another worker has taken its name', async ({ master, start }) => {
    const worker = await start();
    const ref = master.hand(lasting);
    await once(master, 'log');
    master.fault = (request, response) => {
      if (!request.url?.endsWith('/heartbeat')) return false;
      problem(response, 409, 'stale-session');
      return true;
    };
    expect(await worker.ended).toBe('name-taken');
    await untilGone([Number(master.text('stdout', ref))], 1000);
    expect(master.registrations).toHaveLength(1);
  });

  test('says why it cannot start', async ({ master, start }) => {
    await expect(start({ token: 'wrong' })).rejects.toMatchObject({
      failure: { code: 'master-refused', reason: 'unauthorized it is' },
    });
    await expect(start({ master: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      failure: {
        code: 'master-refused',
        reason: expect.stringContaining('no master answers at http://127.0.0.1:1'),
      },
    });
    await expect(start({ workDir: '/dev/null/x' })).rejects.toMatchObject({ code: 'data-unwritable' });
    expect(master.registrations).toEqual([]);
  });
});

describe('stop', () => {
  test('ends a start that is under way, and leaves no guard', async ({ master, workDir }) => {
    const worker = new Worker({ master: master.url, token: master.token, name: 'node-1', workDir });
    const started = worker.start();
    await worker.stop();
    await expect(started).rejects.toMatchObject({ message: expect.stringContaining('stopped while it started') });
    expect(master.registrations).toEqual([]);
  });

  test('gives back what runs, within 4 s though the job ignores SIGTERM', async ({ master, start, workDir }) => {
    const worker = await start();
    const ref = master.hand(shell("trap '' TERM; echo $$; while :; do sleep 1000; done"));
    await once(master, 'log');
    const result = once(master, 'result');
    const beganMs = performance.now();
    await worker.stop();
    expect(performance.now() - beganMs).toBeLessThan(4000);
    expect((await result)[1]).toMatchObject({ outcome: 'released', signal: 'SIGKILL' });
    await untilGone([Number(master.text('stdout', ref))], 1000);
    expect(await readdir(join(workDir, 'node-1', 'attempts'))).toEqual([]);
  });

  test('is over at once when nothing runs, and claims no more', async ({ master, start }) => {
    const worker = await start();
    await vi.waitFor(() => expect(master.requests).toContain('POST /nodes/node-1/claim'));
    await worker.stop();
    const before = master.requests.length;
    master.hand(shell('exit 0'));
    await worker.stop();
    expect(master.requests).toHaveLength(before);
    expect(await worker.ended).toBe('stopped');
  });

  test('is over within 4 s though the master no longer answers', async ({ master, start }) => {
    const worker = await start();
    const ref = master.hand(lasting);
    await once(master, 'log');
    master.fault = () => true;
    const beganMs = performance.now();
    await worker.stop();
    expect(performance.now() - beganMs).toBeLessThan(4000);
    await untilGone([Number(master.text('stdout', ref))], 1000);
  });
});
