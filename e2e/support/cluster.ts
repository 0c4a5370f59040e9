import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, isEnded, type Job } from '@weighbridge/protocol';
import { type Running, type Service, startShared, startSharedWorker, stop } from './cli.ts';
import { freePort } from './free-port.ts';
import { computeOverlapMs, type JournalEntry, journalJob, readJournal } from './journal.ts';

/** How a job went, by the master and by its journal. */
export interface Story {
  readonly state: Job['state'];
  readonly attempts: (readonly [node: string, outcome: string | undefined])[];
  readonly journal: JournalEntry[];
  readonly overlapMs: number;
}

/** A master that can be stopped and started at the same address, workers, and a file into which jobs write. */
export class Cluster {
  readonly #folder: string;
  readonly #masterArgs: string[];
  readonly #services: Service[] = [];
  master: Running | undefined;

  private constructor(folder: string, masterArgs: string[]) {
    this.#folder = folder;
    this.#masterArgs = masterArgs;
  }

  /** With the embedded store, or with a server's. */
  static async start(databaseUrl?: string): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'weighbridge-cluster-'));
    const store = databaseUrl === undefined ? ['--embedded'] : ['--database-url', databaseUrl];
    const [api, metrics] = [await freePort(), await freePort()];
    const listen = ['--listen', `127.0.0.1:${api}`, '--metrics-listen', `127.0.0.1:${metrics}`];
    const cluster = new Cluster(folder, ['master', ...store, ...listen, '--data', join(folder, 'data')]);
    await cluster.startMaster();
    return cluster;
  }

  get journalPath(): string {
    return join(this.#folder, 'journal');
  }

  async startMaster(): Promise<void> {
    this.master = await startShared(this.#masterArgs);
    this.#services.push(this.master);
  }

  /** With one slot. `masterUrl`: what lies between it and the master. */
  async startWorker(name: string, masterUrl?: string, more: readonly string[] = []): Promise<Service> {
    const workDir = join(this.#folder, 'work');
    const args = ['--name', name, '--allow', 'sh', '--slots', '1', '--work-dir', workDir, ...more];
    const through = masterUrl === undefined ? [] : ['--master', masterUrl];
    const worker = await startSharedWorker([...args, ...through], this.master?.env ?? {});
    this.#services.push(worker);
    return worker;
  }

  get client(): Client {
    if (!this.master) throw new Error('no master was started');
    return new Client({ url: this.master.apiUrl, token: this.master.env.WEIGHBRIDGE_TOKEN ?? '' });
  }

  /** Submits a job that writes into the journal, and waits until it does. */
  async runJob(seconds: number, leaseSeconds: number, more: { retryLimit?: number } = {}): Promise<string> {
    const { id } = await this.client.submit({ ...journalJob(this.journalPath, seconds), leaseSeconds, ...more });
    await this.until(async () => (await readJournal(this.journalPath)).length > 0);
    return id;
  }

  async until(isSo: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (!(await isSo())) {
      if (performance.now() > untilMs) throw new Error(`it did not come about within ${withinMs} ms: ${isSo}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async tell(id: string): Promise<Story> {
    const { state, attempts } = await this.client.job(id);
    const journal = await readJournal(this.journalPath);
    return {
      state,
      attempts: attempts.map(({ node, outcome }) => [node, outcome]),
      journal,
      overlapMs: computeOverlapMs(journal),
    };
  }

  async untilEnded(id: string): Promise<Story> {
    await this.until(async () => {
      const job = await this.client.job(id).catch(() => undefined);
      return job !== undefined && isEnded(job.state);
    }, 120_000);
    return this.tell(id);
  }

  async stop(): Promise<void> {
    for (const { child } of this.#services.reverse()) {
      child.kill('SIGCONT');
      await stop(child);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
