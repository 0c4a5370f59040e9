import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from '@weighbridge/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { type Service, spawnWeighbridge, startShared, startSharedWorker, stop } from '../support/cli.ts';
import { createFolder } from '../support/folder.ts';
import { computeOverlapMs, journalJob, readJournal } from '../support/journal.ts';
import { lacksRoot } from '../support/needs.ts';

const missing = lacksRoot({ ip: 'iproute2', nft: 'nftables' });

/** The worker `one` reaches the master there, so that it alone can be cut off. */
const addressOfOne = '127.0.0.2';
const port = 8080;

/** A master and two workers in a network namespace of their own, in which packets of the first can be dropped. */
async function startCluster() {
  const namespace = `wb-cut-${process.pid}`;
  const ip = (...args: string[]) => execFileSync('ip', args);
  ip('netns', 'add', namespace);
  onTestFinished(() => void ip('netns', 'delete', namespace));
  const inside = ['ip', 'netns', 'exec', namespace];
  const within = ([program = '', ...args]: string[], input?: string) =>
    execFileSync('ip', ['netns', 'exec', namespace, program, ...args], { input });
  within(['ip', 'link', 'set', 'lo', 'up']);

  const folder = await createFolder();
  const services: Service[] = [];
  onTestFinished(async () => {
    for (const { child } of services.reverse()) await stop(child);
  });
  const listen = ['--listen', `0.0.0.0:${port}`, '--insecure', '--data', join(folder, 'data')];
  const master = await startShared(['master', '--embedded', ...listen], {}, inside);
  services.push(master);
  const startWorker = async (name: string, host: string) => {
    const args = ['--name', name, '--allow', 'sh', '--slots', '1', '--work-dir', join(folder, 'work')];
    const worker = await startSharedWorker([...args, '--master', `http://${host}:${port}`], master.env, inside);
    services.push(worker);
    return worker;
  };
  const rules = `add table inet cut
    add chain inet cut out { type filter hook output priority 0; }
    add rule inet cut out ip daddr ${addressOfOne} drop
    add rule inet cut out ip saddr ${addressOfOne} drop`;
  return {
    startWorker,
    journal: join(folder, 'journal'),
    /** As a cable that is pulled: nobody is told. */
    cut: () => void within(['nft', '-f', '-'], rules),
    mend: () => void within(['nft', 'delete', 'table', 'inet', 'cut']),
    async ask<T>(args: string[]): Promise<T> {
      const child = spawnWeighbridge(inside, [...args.slice(0, 2), '--json', ...args.slice(2)], master.env);
      let stdout = '';
      child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
      await once(child, 'close');
      return JSON.parse(stdout) as T;
    },
  };
}

test.skipIf(missing)(
  `a worker whose network is cut works on for 5 s, and ends its job before the lease of 10 s has passed`,
  async () => {
    const { startWorker, journal, cut, mend, ask } = await startCluster();
    const one = await startWorker('one', addressOfOne);
    const { command, args = [], env = {} } = journalJob(journal, 30);
    const options = ['--lease', '10', '--env', `JOURNAL=${env.JOURNAL}`];
    const { id } = await ask<Job>(['jobs', 'submit', ...options, '--', command, ...args]);
    const attempts = async () =>
      (await ask<Job>(['jobs', 'show', id])).attempts.map(({ node, outcome }) => [node, outcome]);
    await expect.poll(async () => (await readJournal(journal)).length).toBe(1);
    await startWorker('two', '127.0.0.1');

    cut();
    await delay(5000);
    mend();
    // Longer than the rest of the lease would have been.
    await delay(7000);
    expect(await attempts()).toEqual([['one', undefined]]);

    cut();
    const cutMs = Date.now();
    await expect.poll(attempts, { timeout: 30_000, interval: 200 }).toEqual([
      ['one', 'lost'],
      ['two', undefined],
    ]);
    mend();
    const isStale = () => one.events.some(({ event }) => event === 'worker-attempt-stale');
    await expect.poll(isStale, { timeout: 30_000 }).toBe(true);
    expect(one.events.some(({ event }) => event === 'worker-attempt-ended')).toBe(false);
    const entries = await readJournal(journal);
    expect(entries).toHaveLength(2);
    expect(computeOverlapMs(entries)).toBe(0);
    // A fifth of the lease, but for the moment that the last heartbeat lay before the cut.
    expect((entries[0]?.lastMs ?? 0) - cutMs).toBeLessThan(8500);
    expect(await attempts()).toEqual([
      ['one', 'lost'],
      ['two', undefined],
    ]);
  },
);
