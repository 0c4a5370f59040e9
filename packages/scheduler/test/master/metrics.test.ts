import { Agent, request } from 'node:http';
import { metricFamilies } from '@weighbridge/monitor';
import { type Bandwidth, processMetrics, schedulerMetrics } from '@weighbridge/protocol';
import { readEvents } from '@weighbridge/protocol/server-sent-events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, randomName, sample, sha256, startMaster } from './harness.ts';
import { startWorker } from './worker-side.ts';

let running: Running;
let first: string;
beforeAll(async () => {
  running = await startMaster();
  first = await running.scrape();
});
afterAll(() => running[Symbol.asyncDispose]());

const families = (exposition: string) => [...exposition.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1]);

test('before any traffic the four families stand at 0 for the routes of the main job', () => {
  for (const [method, endpoint, status] of [
    ['PUT', '/blobs/:sha256', '201'],
    ['GET', '/jobs/:id/files/:name', '200'],
    ['POST', '/jobs', '201'],
    ['POST', '/jobs/:id/attempts/:n/result', '204'],
  ]) {
    const labels = `method="${method}",endpoint="${endpoint}"`;
    expect(sample(first, `scheduler_http_request_bytes_total{${labels}}`)).toBe(0);
    expect(sample(first, `scheduler_http_response_bytes_total{${labels},status="${status}"}`)).toBe(0);
    expect(sample(first, `scheduler_http_request_size_bytes_count{${labels}}`)).toBe(0);
    expect(sample(first, `scheduler_http_response_size_bytes_count{${labels},status="${status}"}`)).toBe(0);
  }
});

test('every family that dashboards may ask for is there from the first scrape', () => {
  const tables = [
    ...Object.values(schedulerMetrics).map(({ name }) => name),
    ...Object.values(metricFamilies)
      .filter((family) => family !== metricFamilies.clientBytes)
      .map(({ name }) => `scheduler_${name}`),
    ...Object.values(processMetrics),
  ];
  expect(families(first)).toEqual(expect.arrayContaining(tables));
  expect(sample(first, 'scheduler_jobs{queue="default",state="queued"}')).toBe(0);
  expect(sample(first, 'scheduler_store_durable')).toBe(1);
});

test('the store is up once it has answered', async () => {
  await expect.poll(async () => sample(await running.scrape(), 'scheduler_store_up')).toBe(1);
});

test('/metrics is the whole registry, /metrics/bandwidth the part of the monitor, both as text 0.0.4', async () => {
  const whole = await fetch(`${running.metricsUrl}/metrics`);
  const part = await fetch(`${running.metricsUrl}/metrics/bandwidth`);
  for (const response of [whole, part]) {
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  }
  const bandwidth = families(await part.text());
  expect(bandwidth).toContain('scheduler_http_request_bytes_total');
  expect(bandwidth).not.toContain('scheduler_jobs');
  expect(families(await whole.text())).toEqual(expect.arrayContaining(bandwidth));
  expect(await (await fetch(`${running.metricsUrl}/health`)).json()).toEqual({ status: 'ok' });
  const nothing = await fetch(`${running.metricsUrl}/jobs`);
  expect([nothing.status, nothing.headers.get('content-type')]).toEqual([
    404,
    'application/problem+json; charset=utf-8',
  ]);
});

test("a job's way is counted by queue and outcome, with how long it waited and ran", async () => {
  const queue = randomName();
  const worker = await startWorker(running, { queues: [queue], slots: 3 });
  const key = { queue, command: 'echo', idempotencyKey: 'once' };
  await running.client.submit(key);
  await running.client.submit(key);
  const [attempt] = await worker.claim();
  if (!attempt) throw new Error('nothing claimed');
  await worker.end(attempt, 'failed', { exitCode: 1 });
  await expect
    .poll(async () => sample(await running.scrape(), `scheduler_job_wait_seconds_count{queue="${queue}"}`))
    .toBe(1);
  const exposition = await running.scrape();
  expect(sample(exposition, `scheduler_jobs_submitted_total{queue="${queue}"}`)).toBe(1);
  expect(sample(exposition, `scheduler_job_attempts_total{queue="${queue}",outcome="failed"}`)).toBe(1);
  expect(sample(exposition, `scheduler_jobs_finished_total{queue="${queue}",outcome="failed"}`)).toBe(1);
  expect(sample(exposition, `scheduler_jobs_finished_total{queue="${queue}",outcome="succeeded"}`)).toBe(0);
  expect(sample(exposition, `scheduler_job_run_seconds_count{queue="${queue}",outcome="failed"}`)).toBe(1);
  await expect.poll(async () => sample(await running.scrape(), `scheduler_node_slots{node="${worker.name}"}`)).toBe(3);
});

test('a node that has stopped counts as stopped and has no samples of its own', async () => {
  const worker = await startWorker(running, { queues: [randomName()] });
  const slots = async () => sample(await running.scrape(), `scheduler_node_slots{node="${worker.name}"}`);
  const stopped = async () => sample(await running.scrape(), 'scheduler_nodes{state="stopped"}');
  await expect.poll(slots).toBe(4);
  expect(await stopped()).toBe(0);
  await worker.client.goodbye(worker.name, { session: worker.session });
  await expect.poll(slots).toBeUndefined();
  expect(await stopped()).toBe(1);
  expect(await running.scrape()).not.toContain(
    `scheduler_node_last_heartbeat_timestamp_seconds{node="${worker.name}"}`,
  );
});

test('the attempts of a worker that comes back under its name count as lost, not as expired leases', async () => {
  const queue = randomName();
  const secret = 'a-secret-of-this-worker';
  const worker = await startWorker(running, { queues: [queue], secret });
  await running.client.submit({ queue, command: 'echo', lostRetryLimit: 0 });
  await worker.claim();
  await startWorker(running, { name: worker.name, queues: [queue], secret });
  const exposition = await running.scrape();
  expect(sample(exposition, `scheduler_job_attempts_total{queue="${queue}",outcome="lost"}`)).toBe(1);
  expect(sample(exposition, `scheduler_jobs_finished_total{queue="${queue}",outcome="failed"}`)).toBe(1);
  expect(sample(exposition, `scheduler_leases_expired_total{queue="${queue}"}`)).toBe(0);
});

test("an upload counts to the byte: on its endpoint, as its job's cost, and as its node's transfer", async () => {
  const queue = randomName();
  const worker = await startWorker(running, { queues: [queue] });
  const job = await running.client.submit({ queue, command: 'echo' });
  await worker.claim();
  const content = 'x'.repeat(100_000);
  const before = (await running.client.bandwidth()).endpoints.find(
    ({ method, endpoint }) => method === 'PUT' && endpoint === '/blobs/:sha256',
  );
  const nodeBefore = await transferOf(worker.name);

  const moved = await upload(sha256(content), content, {
    'weighbridge-node': worker.name,
    'weighbridge-attempt': `${job.id}/1`,
  });

  const after = (await running.client.bandwidth()).endpoints.find(
    ({ method, endpoint }) => method === 'PUT' && endpoint === '/blobs/:sha256',
  );
  expect((after?.requestBytes ?? 0) - (before?.requestBytes ?? 0)).toBe(moved.sent);
  expect((after?.responseBytes ?? 0) - (before?.responseBytes ?? 0)).toBe(moved.received);
  await expect
    .poll(async () => (await running.client.job(job.id)).bytes)
    .toEqual({ in: moved.sent, out: moved.received });
  expect((await running.client.job(job.id)).attempts[0]?.bytes).toEqual({ in: moved.sent, out: moved.received });
  expect(await transferOf(worker.name)).toEqual({
    in: nodeBefore.in + moved.sent,
    out: nodeBefore.out + moved.received,
  });
});

test("bytes of a node that nobody registered are nobody's", async () => {
  await running.call('/nodes', { headers: { 'weighbridge-node': 'impostor' } });
  expect(await running.scrape()).not.toContain('impostor');
});

test('bandwidth streams once a second, and its books balance', async () => {
  const response = await running.call('/bandwidth/stream');
  const seen: Bandwidth[] = [];
  const types = new Set<string>();
  for await (const { type, data } of readEvents(response.body as ReadableStream<Uint8Array<ArrayBuffer>>, 5000)) {
    types.add(type);
    if (type === 'message') seen.push(JSON.parse(data) as Bandwidth);
    if (seen.length === 2) break;
  }
  expect([...types]).toEqual(['service', 'history', 'message']);
  for (const { balanced, connection, endpointsTotal, unattributed, pending } of seen) {
    expect(balanced).toBe(true);
    for (const way of ['in', 'out'] as const)
      expect(endpointsTotal[way] + unattributed[way] + pending[way]).toBe(connection[way]);
  }
  expect(Date.parse(seen[1]?.at ?? '')).toBeGreaterThan(Date.parse(seen[0]?.at ?? ''));
});

async function transferOf(node: string): Promise<{ in: number; out: number }> {
  const exposition = await running.scrape();
  const of = (direction: string) =>
    sample(exposition, `scheduler_node_transfer_bytes_total{direction="${direction}",node="${node}"}`) ??
    sample(exposition, `scheduler_node_transfer_bytes_total{node="${node}",direction="${direction}"}`) ??
    0;
  return { in: of('in'), out: of('out') };
}

/** On a connection of its own, so that its socket's counters are this exchange's. */
function upload(
  name: string,
  content: string,
  headers: Record<string, string>,
): Promise<{ sent: number; received: number }> {
  const { hostname, port } = new URL(running.apiUrl);
  const agent = new Agent({ keepAlive: false });
  return new Promise((resolve, reject) => {
    const sending = request({
      agent,
      hostname,
      port,
      path: `/blobs/${name}`,
      method: 'PUT',
      headers: { authorization: `Bearer ${running.token}`, 'content-length': content.length, ...headers },
    });
    sending.once('error', reject);
    sending.once('response', (response) => {
      const { socket } = response;
      response.resume();
      socket.once('close', () => resolve({ sent: socket.bytesWritten, received: socket.bytesRead }));
    });
    sending.end(content);
  });
}
