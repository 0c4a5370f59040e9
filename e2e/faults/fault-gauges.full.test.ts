import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { Client } from '@weighbridge/protocol';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { anyPorts, type Running, start, stop } from '../support/cli.ts';
import { createFolder } from '../support/folder.ts';
import { scrape } from '../support/metrics.ts';
import { alive, treeOf } from '../support/processes.ts';

const startMaster = (folder: string) => start(['master', '--embedded', ...anyPorts, '--data', folder]);
const clientOf = ({ apiUrl, env }: Running, node?: string) =>
  new Client({ url: apiUrl, token: env.WEIGHBRIDGE_TOKEN ?? '', ...(node !== undefined && { node }) });

/** Changes what is stored past the product: it lets time pass. */
async function change(folder: string, sql: string): Promise<void> {
  const client = new pg.Client(`postgresql://weighbridge@/postgres?host=${encodeURIComponent(join(folder, 'store'))}`);
  await client.connect();
  await client.query(sql);
  await client.end();
}

const value = async ({ metricsUrl }: Running, name: string, labels: Record<string, string> = {}) =>
  (await scrape(metricsUrl)).of(name, labels)[0]?.value;

/** Registers a node and claims a job of its queue. */
async function claimOne(master: Running, queue: string) {
  const client = clientOf(master, 'node');
  const job = await client.submit({ queue, command: 'true', leaseSeconds: 10, lostRetryLimit: 0 });
  const { session } = await client.register({ name: 'node', queues: [queue], slots: 1 });
  await client.claim('node', { session, slots: 1, waitSeconds: 5 });
  return { client, session, ref: { jobId: job.id, attempt: 1 } };
}

/** Freezes the embedded server and all of its processes, as a disk that hangs would. Returns how to thaw them. */
async function freezeStore(folder: string): Promise<() => void> {
  const pid = Number((await readFile(join(folder, 'store', 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const all = treeOf(pid);
  const signal = (name: NodeJS.Signals) => {
    for (const one of all.filter(alive)) process.kill(one, name);
  };
  signal('SIGSTOP');
  const thaw = () => signal('SIGCONT');
  onTestFinished(thaw);
  return thaw;
}

test('a lease that expires is counted, with the attempt as lost and the job as failed', async () => {
  const folder = await createFolder();
  const master = await startMaster(folder);
  const labels = { queue: 'q' };
  const { client, session } = await claimOne(master, 'q');
  expect(await value(master, 'scheduler_leases_expired_total', labels)).toBe(0);
  expect(await value(master, 'scheduler_job_attempts_total', { ...labels, outcome: 'lost' })).toBe(0);
  // No heartbeat comes: after its ten seconds the lease expires by itself.
  const expired = () => value(master, 'scheduler_leases_expired_total', labels);
  await expect.poll(expired, { timeout: 20_000 }).toBe(1);
  expect(await value(master, 'scheduler_job_attempts_total', { ...labels, outcome: 'lost' })).toBe(1);
  expect(await value(master, 'scheduler_jobs_finished_total', { ...labels, outcome: 'failed' })).toBe(1);
  await expect.poll(() => value(master, 'scheduler_nodes', { state: 'silent' })).toBe(1);
  expect(await value(master, 'scheduler_nodes', { state: 'lost' })).toBe(0);
  await client.goodbye('node', { session, workerDied: true });
  await expect.poll(() => value(master, 'scheduler_nodes', { state: 'lost' })).toBe(1);
});

test('a store that hangs is down until it answers again, and the scrape never waits for it', async () => {
  const folder = await createFolder();
  const master = await startMaster(folder);
  const up = () => value(master, 'scheduler_store_up');
  await expect.poll(up).toBe(1);
  const thaw = await freezeStore(folder);
  await expect.poll(up).toBe(0);
  const began = performance.now();
  await scrape(master.metricsUrl);
  expect(performance.now() - began).toBeLessThan(1000);
  thaw();
  await expect.poll(up).toBe(1);
});

test('a master whose store hangs stops within 5 s', async () => {
  const folder = await createFolder();
  const master = await startMaster(folder);
  const { ref } = await claimOne(master, 'q');
  await freezeStore(folder);
  await upload(master, `${ref.jobId}/1`, 'x');
  const exited = once(master.child, 'exit');
  const began = performance.now();
  master.child.kill('SIGTERM');
  await exited;
  expect(performance.now() - began).toBeLessThan(5200);
});

test('a queue that nobody serves grows old, and is young again once it is claimed', async () => {
  const folder = await createFolder();
  const master = await startMaster(folder);
  const age = () => value(master, 'scheduler_queue_oldest_ready_age_seconds', { queue: 'old' });
  await clientOf(master).submit({ queue: 'old', command: 'true' });
  await change(folder, `UPDATE weighbridge.jobs SET run_at = run_at - interval '1 hour'`);
  await expect.poll(age).toBeGreaterThanOrEqual(3600);
  await clientOf(master)
    .register({ name: 'node', queues: ['old'], slots: 1 })
    .then(({ session }) => clientOf(master, 'node').claim('node', { session, slots: 1, waitSeconds: 5 }));
  await expect.poll(age).toBe(0);
});

test('a job that has waited for more than 14 days is still queued, counted and old', async () => {
  const folder = await createFolder();
  const first = await startMaster(folder);
  const { id } = await clientOf(first).submit({ queue: 'patient', command: 'true' });
  const columns = ['created_at', 'run_at'].map((name) => `${name} = ${name} - interval '400 days'`);
  await change(folder, `UPDATE weighbridge.jobs SET ${columns}`);
  await stop(first.child);
  // What is too old goes first thing at a start.
  const second = await startMaster(folder);
  const age = () => value(second, 'scheduler_queue_oldest_ready_age_seconds', { queue: 'patient' });
  await expect.poll(age).toBeGreaterThan(399 * 86_400);
  expect(await value(second, 'scheduler_jobs', { queue: 'patient', state: 'queued' })).toBe(1);
  expect((await clientOf(second).job(id)).state).toBe('queued');
  const { session } = await clientOf(second).register({ name: 'node', queues: ['patient'], slots: 1 });
  const { attempts } = await clientOf(second, 'node').claim('node', { session, slots: 1, waitSeconds: 5 });
  expect(attempts).toMatchObject([{ jobId: id }]);
});

test('bytes of a job that move while the store is away are added to the byte, once, when it is back', async () => {
  const folder = await createFolder();
  const master = await startMaster(folder);
  const { client, session, ref } = await claimOne(master, 'q');
  await expect.poll(async () => value(master, 'scheduler_store_up')).toBe(1);
  const thaw = await freezeStore(folder);
  const moved = await upload(master, `${ref.jobId}/1`, 'x'.repeat(300_000));
  // Longer than the master waits for a statement: what it has sent by then, it sends again.
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  thaw();
  const bytes = async () => (await client.job(ref.jobId).catch(() => undefined))?.bytes;
  await expect.poll(bytes, { timeout: 30_000 }).toEqual({ in: moved.sent, out: moved.received });
  // The statements that were under way have been answered by now, and what was sent twice counts once.
  await expect(client.heartbeat('node', { session, attempts: [] })).resolves.toBeDefined();
  expect(await bytes()).toEqual({ in: moved.sent, out: moved.received });
});

/** On a connection of its own, so that its socket's counters are this exchange's. */
function upload(
  { apiUrl, env }: Running,
  attempt: string,
  content: string,
): Promise<{ sent: number; received: number }> {
  const name = createHash('sha256').update(content).digest('hex');
  const sending = request(`${apiUrl}/blobs/${name}`, {
    agent: new Agent({ keepAlive: false }),
    method: 'PUT',
    headers: {
      authorization: `Bearer ${env.WEIGHBRIDGE_TOKEN}`,
      'content-length': content.length,
      'weighbridge-node': 'node',
      'weighbridge-attempt': attempt,
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<{ sent: number; received: number }>();
  sending.once('error', reject);
  sending.once('response', (response) => {
    response.resume();
    response.socket.once('close', () =>
      resolve({ sent: response.socket.bytesWritten, received: response.socket.bytesRead }),
    );
  });
  sending.end(content);
  return promise;
}
