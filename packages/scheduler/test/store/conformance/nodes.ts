import { limits } from '@weighbridge/protocol';
import { describe, expect, test } from 'vitest';
import type { StoreContext } from '../../../src/store/context.ts';
import { findNode } from '../../../src/store/nodes/list-nodes.ts';
import { registerNode } from '../../../src/store/nodes/register-node.ts';
import { Availability } from '../../../src/store/supervision/availability.ts';
import { attemptRef, type StoreKit, unique } from './store-kit.ts';

export function describeNodes(kit: () => StoreKit): void {
  describe('nodes', () => {
    test('a node is listed with its used slots, and its heartbeat names attempts to end', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      await submit({ slots: 3 });
      const ref = attemptRef(await claimOne());
      expect(await store.nodes.find(node)).toMatchObject({
        id: node,
        state: 'ready',
        slots: 4,
        slotsUsed: 3,
        labels: {},
      });
      expect((await store.nodes.list()).map((one) => one.id)).toContain(node);
      const foreign = { jobId: ref.jobId, attempt: 2 };
      expect(await store.nodes.heartbeat(node, session, [ref, foreign])).toEqual({ end: [foreign] });
    });

    test('a drained node is given nothing, also after its worker was started again, until it is resumed', async () => {
      const { store } = kit();
      const { node, queue, session, submit, claim, claimOne } = await kit().bench();
      await submit();
      await claimOne();
      await store.nodes.drain(node, true);
      expect(await store.nodes.find(node)).toMatchObject({ state: 'draining', slotsUsed: 1 });
      const { id } = await submit();
      expect(await claim()).toEqual([]);
      await store.nodes.goodbye(node, session, false);
      const again = await store.nodes.register({ name: node, queues: [queue], slots: 4 });
      expect(again.draining).toBe(true);
      expect(await kit().claim(node, again.session, 4)).toEqual([]);
      const isReady = kit().readyOf(queue);
      await store.nodes.drain(node, false);
      await isReady;
      expect((await kit().claim(node, again.session, 4)).map(({ jobId }) => jobId)).toContain(id);
      await expect(store.nodes.drain('nobody', true)).rejects.toMatchObject({ code: 'not-found' });
    });

    test('what a node runs is listed, the newest first, and counted', async () => {
      const { store } = kit();
      const { node, submit, claim } = await kit().bench();
      const ids = [];
      for (let n = 0; n < 3; n++) {
        ids.unshift((await submit()).id);
        await claim(1);
      }
      const { jobs, count } = await store.nodes.listRunning(node, 2);
      expect([jobs.map(({ id }) => id), count]).toEqual([ids.slice(0, 2), 3]);
      expect(jobs[0]).toMatchObject({ node, state: 'running' });
      expect(await store.nodes.listRunning('nobody', 2)).toEqual({ jobs: [], count: 0 });
    });

    test('a heartbeat extends the leases of the attempts that it names, each by its own', async () => {
      const { node, session, submit, claim } = await kit().bench();
      const refs = [];
      for (const leaseSeconds of [20, 600, 900]) {
        await submit({ leaseSeconds });
        refs.push(...(await claim(1)).map(attemptRef));
      }
      const ids = refs.map(({ jobId }) => jobId);
      await kit().query('UPDATE weighbridge.attempts SET lease_until = now() WHERE job_id = ANY($1)', [ids]);
      expect(await kit().store.nodes.heartbeat(node, session, refs.slice(0, 2))).toEqual({ end: [] });
      const sql = `SELECT extract(epoch FROM a.lease_until - now())::int AS left FROM weighbridge.attempts a
        JOIN weighbridge.jobs j ON j.id = a.job_id WHERE j.id = ANY($1) ORDER BY j.created_at`;
      const left = (await kit().query(sql, [ids])).map((row) => Math.round(Number(row.left) / 10) * 10);
      expect(left).toEqual([20, 600, 0]);
    });

    test('a name that a worker holds is refused to others, and given to the same worker at once', async () => {
      const { store } = kit();
      const [queue, name] = [unique('queue'), unique('node')];
      const registration = { name, queues: [queue], slots: 1 };
      const first = await store.nodes.register({ ...registration, secret: 'the-first-secret' });
      await store.jobs.submit([{ queue, command: 'echo' }]);
      const [ref] = (await kit().claim(name, first.session, 1)).map(attemptRef);
      if (!ref) throw new Error('nothing was claimed');
      const taken = { code: 'name-taken', message: expect.stringMatching(`${name}: .*--name.*--take-over`) };
      await expect(store.nodes.register(registration)).rejects.toMatchObject(taken);
      await expect(store.nodes.register({ ...registration, secret: 'the-other-secret' })).rejects.toMatchObject(taken);
      // What it runs goes on.
      expect(await store.nodes.heartbeat(name, first.session, [ref])).toEqual({ end: [] });

      const second = await store.nodes.register({ ...registration, secret: 'the-first-secret' });
      expect(second.lost).toMatchObject([{ node: name, queue, outcome: 'lost', state: 'queued' }]);
      await expect(store.nodes.heartbeat(name, first.session, [])).rejects.toMatchObject({ code: 'stale-session' });
      await expect(kit().claim(name, first.session, 1)).rejects.toMatchObject({ code: 'stale-session' });
      await expect(
        store.attempts.complete(ref, name, { session: first.session, outcome: 'succeeded' }),
      ).rejects.toMatchObject({ code: 'stale-attempt' });
      expect(await kit().claim(name, second.session, 1)).toMatchObject([{ attempt: 2 }]);
    });

    test('two workers that want a name at once do not both get it', async () => {
      const name = unique('node');
      const registering = ['the-first-secret', 'the-other-secret'].map((secret) =>
        kit().store.nodes.register({ name, queues: ['default'], slots: 1, secret }),
      );
      const settled = await Promise.allSettled(registering);
      expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    test('a name that is taken over leaves what runs to the earlier session, until that gives it back', async () => {
      const { store } = kit();
      const { queue, node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      const newcomer = { name: node, queues: [queue], slots: 1, secret: 'the-other-secret' };
      expect((await store.nodes.register({ ...newcomer, takeOver: true })).lost).toEqual([]);
      // Started again, the newcomer can speak for its own processes only.
      const other = await store.nodes.register(newcomer);
      expect(other.lost).toEqual([]);
      expect(await kit().claim(node, other.session, 1)).toEqual([]);
      await expect(store.nodes.heartbeat(node, session, [ref])).rejects.toMatchObject({ code: 'stale-session' });
      expect(await store.attempts.complete(ref, node, { session, outcome: 'released' })).toMatchObject({
        state: 'queued',
      });
      expect(await kit().claim(node, other.session, 1)).toMatchObject([{ jobId: id, attempt: 2 }]);
    });

    test('a node that misses three heartbeats is silent and is given nothing, until one comes', async () => {
      const { store } = kit();
      const { node, session, submit, claim } = await kit().bench();
      const state = async () => (await store.nodes.find(node))?.state;
      await kit().ageNode(node, 14);
      expect(await state()).toBe('ready');
      await kit().ageNode(node, 2);
      expect(await state()).toBe('silent');
      await submit();
      expect(await claim(1)).toEqual([]);
      await store.nodes.heartbeat(node, session, []);
      expect(await claim(1)).toHaveLength(1);
      // A short lease needs more heartbeats.
      await submit({ leaseSeconds: 10 });
      expect(await claim(1)).toHaveLength(1);
      await kit().ageNode(node, 4);
      expect(await state()).toBe('silent');
    });

    test('a node is lost when its leases have expired, but not for a time in which nobody could answer', async () => {
      const { queue, node, submit, claim } = await kit().bench();
      const { database } = kit();
      const context = { database, availability: new Availability(() => clock) } as StoreContext;
      let clock = 0;
      context.availability.note();
      const state = async () => (await findNode(context, node))?.state;
      await kit().ageNode(node, 200);
      expect(await state()).toBe('silent');
      for (clock = 1; clock < 121; clock++) context.availability.note();
      expect(await state()).toBe('lost');
      const newcomer = { name: node, queues: [queue], slots: 4, secret: 'the-other-secret' };
      const { session } = await registerNode(context, newcomer);
      await submit({ leaseSeconds: 600 });
      await kit().claim(node, session, 1);
      await kit().ageNode(node, 200);
      expect(await state()).toBe('silent');
      expect(await claim(1).catch(({ code }) => code)).toBe('stale-session');
    });

    test('a worker that died loses its node and what it ran at once', async () => {
      const { store } = kit();
      const { queue, node, session, submit, claimOne, claim } = await kit().bench();
      const { id } = await submit();
      await claimOne();
      const woken = kit().readyOf(queue);
      expect(await store.nodes.goodbye(node, session, true)).toMatchObject([
        { jobId: id, outcome: 'lost', state: 'queued' },
      ]);
      await woken;
      expect(await store.nodes.find(node)).toMatchObject({ state: 'lost', slotsUsed: 0 });
      expect(await claim(1)).toEqual([]);
      expect(await store.nodes.goodbye(node, session, true)).toEqual([]);
      expect(await store.jobs.find(id)).toMatchObject({ attempts: [{ outcome: 'lost', reason: 'its worker died' }] });
      const stranger = '11111111-1111-4111-8111-111111111111';
      await expect(store.nodes.goodbye(node, stranger, true)).rejects.toMatchObject({ code: 'stale-session' });
    });

    test('a worker that stops gives back at once what it has not, and no retry is used up', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 0, lostRetryLimit: 0 });
      await claimOne();
      const open = await store.nodes.goodbye(node, session, false);
      expect(open).toMatchObject([{ jobId: id, outcome: 'released', state: 'queued' }]);
      expect(await store.nodes.find(node)).toMatchObject({ state: 'stopped', slotsUsed: 0 });
    });

    test('only a node whose worker is gone can be deleted', async () => {
      const { store } = kit();
      const { node, session } = await kit().bench();
      await expect(store.nodes.delete(node)).rejects.toMatchObject({ code: 'node-in-use' });
      await store.nodes.goodbye(node, session, false);
      await store.nodes.delete(node);
      await expect(store.nodes.delete(node)).rejects.toMatchObject({ code: 'not-found' });
      expect(await store.nodes.find(node)).toBeUndefined();
    });

    test('nodes whose workers are gone make room, and live ones do not', async () => {
      const { store } = kit();
      const live = (await store.nodes.list()).filter(({ state }) => state !== 'stopped' && state !== 'lost').length;
      const sql = `INSERT INTO weighbridge.nodes (name, session, queues, slots, labels, registered_at, heartbeat_at, stopped_at)
        SELECT 'crowd-' || n, gen_random_uuid(), '{default}', 1, '{}', now(), now() - n * interval '1 s',
          CASE WHEN n > $1 THEN now() END
        FROM generate_series(1, $2) n`;
      await kit().query(sql, [limits.nodes - live - 1, limits.nodes]);
      const register = (name: string) => store.nodes.register({ name, queues: ['default'], slots: 1 });
      try {
        await register(unique('node'));
        expect(await store.nodes.list()).toHaveLength(limits.nodes);
        await expect(register(unique('node'))).rejects.toMatchObject({ code: 'too-many-names' });
      } finally {
        await kit().query("DELETE FROM weighbridge.nodes WHERE name LIKE 'crowd-%'");
      }
    });

    test('an unknown node can neither claim nor beat', async () => {
      const { store } = kit();
      const session = '11111111-1111-4111-8111-111111111111';
      await expect(kit().claim('nobody', session, 1)).rejects.toMatchObject({ code: 'not-found' });
      await expect(store.nodes.heartbeat('nobody', session, [])).rejects.toMatchObject({ code: 'not-found' });
      expect(await store.nodes.find('nobody')).toBeUndefined();
    });

    test('a node whose worker said goodbye is stopped until it registers again, and is given nothing', async () => {
      const { store } = kit();
      const { queue, node, session, submit } = await kit().bench();
      await submit();
      await store.nodes.goodbye(node, session, false);
      expect(await store.nodes.find(node)).toMatchObject({ state: 'stopped' });
      expect(await kit().claim(node, session, 1)).toEqual([]);
      const stranger = '11111111-1111-4111-8111-111111111111';
      await expect(store.nodes.goodbye(node, stranger, false)).rejects.toMatchObject({ code: 'stale-session' });
      await expect(store.nodes.goodbye('nobody', stranger, false)).rejects.toMatchObject({ code: 'not-found' });
      const again = await store.nodes.register({ name: node, queues: [queue], slots: 1 });
      expect(await store.nodes.find(node)).toMatchObject({ state: 'ready' });
      expect(await kit().claim(node, again.session, 1)).toHaveLength(1);
    });
  });
}
