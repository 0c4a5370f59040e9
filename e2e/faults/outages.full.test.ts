import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, stop } from '../support/cli.ts';
import { Cluster, type Story } from '../support/cluster.ts';
import { lacksPostgres, type PostgresServer, startPostgres } from '../support/postgres.ts';
import { treeOf } from '../support/processes.ts';

const missing = await lacksPostgres();

interface Scenario {
  readonly leaseSeconds: number;
  readonly jobSeconds: number;
  readonly onServer?: boolean;
  outage(parts: Parts): Promise<void>;
}

/** What an outage can strike. */
interface Parts {
  readonly cluster: Cluster;
  readonly workers: readonly Service[];
  readonly server: PostgresServer | undefined;
}

const signalTree = (pid: number, signal: NodeJS.Signals) => {
  for (const member of treeOf(pid)) process.kill(member, signal);
};

async function freeze(server: PostgresServer | undefined, seconds: number): Promise<void> {
  if (!server) return;
  signalTree(server.pid, 'SIGSTOP');
  await delay(seconds * 1000);
  signalTree(server.pid, 'SIGCONT');
}

async function restartServer(
  server: PostgresServer | undefined,
  end: 'SIGINT' | 'SIGQUIT',
  seconds: number,
): Promise<void> {
  await server?.kill(end);
  await delay(seconds * 1000);
  await server?.start();
}

async function restartMaster(cluster: Cluster, end: NodeJS.Signals, seconds: number): Promise<void> {
  const { child } = cluster.master ?? {};
  if (end === 'SIGTERM' && child) await stop(child);
  else child?.kill(end);
  await delay(seconds * 1000);
  await cluster.startMaster();
}

const scenarios: Record<string, Scenario> = {
  'a master that is stopped for 12 s': {
    leaseSeconds: 30,
    jobSeconds: 18,
    outage: ({ cluster }) => restartMaster(cluster, 'SIGTERM', 12),
  },
  'a master that is killed, and back after 12 s, when the job has ended': {
    leaseSeconds: 30,
    jobSeconds: 6,
    outage: ({ cluster }) => restartMaster(cluster, 'SIGKILL', 12),
  },
  'a master that is frozen for 40 s': {
    leaseSeconds: 120,
    jobSeconds: 46,
    async outage({ cluster: { master } }) {
      master?.child.kill('SIGSTOP');
      await delay(40_000);
      master?.child.kill('SIGCONT');
    },
  },
  'a database that is stopped for 12 s': {
    leaseSeconds: 30,
    jobSeconds: 18,
    onServer: true,
    outage: ({ server }) => restartServer(server, 'SIGINT', 12),
  },
  'a database that is stopped for 40 s with -m immediate': {
    leaseSeconds: 120,
    jobSeconds: 46,
    onServer: true,
    outage: ({ server }) => restartServer(server, 'SIGQUIT', 40),
  },
  'a master that is killed for longer than the lease, when the job has ended in time': {
    leaseSeconds: 10,
    jobSeconds: 4,
    outage: ({ cluster }) => restartMaster(cluster, 'SIGKILL', 15),
  },
  'a database that is frozen for longer than the lease, when the job has ended in time': {
    leaseSeconds: 10,
    jobSeconds: 4,
    onServer: true,
    outage: ({ server }) => freeze(server, 20),
  },
  'a database that is stopped for longer than the lease, when the job has ended in time and its worker is slow': {
    leaseSeconds: 10,
    jobSeconds: 4,
    onServer: true,
    async outage({ server, workers }) {
      await server?.kill('SIGINT');
      await delay(12_000);
      // Whoever asked too soon after the database's return would find no sign of the worker.
      for (const { child } of workers) child.kill('SIGSTOP');
      await server?.start();
      await delay(4000);
      for (const { child } of workers) child.kill('SIGCONT');
    },
  },
  'a database that is frozen for 12 s': {
    leaseSeconds: 30,
    jobSeconds: 18,
    onServer: true,
    outage: ({ server }) => freeze(server, 12),
  },
};

// All at once, because they wait most of the time; begun one after the other, because their starts are heavy.
const betweenStartsMs = 3000;
const stories = new Map<string, Promise<Story>>();
const cleanups: (() => Promise<void>)[] = [];

async function play({ leaseSeconds, jobSeconds, onServer, outage }: Scenario, startAfterMs: number): Promise<Story> {
  await delay(startAfterMs);
  const server = onServer ? await startPostgres() : undefined;
  if (server) cleanups.push(() => server.stop());
  const cluster = await Cluster.start(server?.url);
  cleanups.push(() => cluster.stop());
  const workers = await Promise.all([cluster.startWorker('one'), cluster.startWorker('two')]);
  // The outage begins while it runs: nothing that takes long may come between.
  const id = await cluster.runJob(jobSeconds, leaseSeconds);
  await outage({ cluster, workers, server });
  return cluster.untilEnded(id);
}

describe('a job goes on, as one attempt, through', () => {
  beforeAll(() => {
    for (const [n, [name, scenario]] of Object.entries(scenarios).entries()) {
      if (scenario.onServer && missing) continue;
      const story = play(scenario, n * betweenStartsMs);
      story.catch(() => undefined);
      stories.set(name, story);
    }
  });
  afterAll(async () => {
    await Promise.allSettled(stories.values());
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  for (const [name, { onServer }] of Object.entries(scenarios)) {
    test.skipIf(onServer && missing)(name, { timeout: 180_000 }, async () => {
      expect(await stories.get(name)).toMatchObject({
        state: 'succeeded',
        attempts: [[expect.any(String), 'succeeded']],
        journal: [{ hasEnded: true }],
      });
    });
  }
});
