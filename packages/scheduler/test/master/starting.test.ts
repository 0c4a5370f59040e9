import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type Problem } from '@weighbridge/protocol';
import { expect, test } from 'vitest';
import { freePort } from '../../../../e2e/support/free-port.ts';
import { Master } from '../../src/index.ts';

test('until the store is open the API says when to ask again, and a patient client does', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'weighbridge-master-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const token = 'a-token-of-this-test';
  const master = new Master({ listen: new URL(url).host, metricsListen: '127.0.0.1:0', dataDir, token });
  const started = master.start();
  try {
    // Its port is open before its store is: PostgreSQL has to make its files.
    const ask = () => fetch(`${url}/jobs`, { headers: { authorization: `Bearer ${token}` } });
    let early: Response | undefined;
    while (early === undefined) early = await ask().catch(() => undefined);
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await early.json()) as Problem).toMatchObject({
      code: 'starting',
      detail: 'the master is starting: its store is not open yet; ask again in a moment',
    });
    await expect(new Client({ url, token }).jobs()).rejects.toMatchObject({ code: 'starting' });
    // Not for a moment anything else: its tables are made before it answers.
    const statuses = new Set<number>();
    while (!statuses.has(200)) statuses.add((await ask()).status);
    expect([...statuses]).toEqual([503, 200]);
    const patient = new Client({ url, token, patienceSeconds: 60 });
    expect(await patient.submit({ command: 'echo' })).toMatchObject({ state: 'queued' });
    expect((await patient.jobs()).jobs).toHaveLength(1);
  } finally {
    await started;
    await master.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
