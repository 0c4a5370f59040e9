import { describe, expect, test } from 'vitest';
import { attemptRef, type StoreKit } from './store-kit.ts';

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

    test('a heartbeat extends the leases of the attempts that it names', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const attempt = await claimOne();
      await kit().expireLease(attempt);
      // Either the heartbeat or a pass in the background comes first; both answers must agree.
      const { end } = await store.nodes.heartbeat(node, session, [attemptRef(attempt)]);
      await store.supervise();
      expect((await store.jobs.find(id))?.state).toBe(end.length === 0 ? 'running' : 'failed');
    });

    test('a name taken again ends what the earlier session ran, and its calls are stale', async () => {
      const { store } = kit();
      const { queue, node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 1 });
      const attempt = await claimOne();
      const second = await store.nodes.register({ name: node, queues: [queue], slots: 1 });
      expect(second.lost).toEqual([{ jobId: id, attempt: 1, node, queue, outcome: 'lost', state: 'queued' }]);
      await expect(store.nodes.heartbeat(node, session, [])).rejects.toMatchObject({ code: 'stale-session' });
      await expect(kit().claim(node, session, 1)).rejects.toMatchObject({ code: 'stale-session' });
      await expect(
        store.attempts.complete(attemptRef(attempt), node, { session, outcome: 'succeeded' }),
      ).rejects.toMatchObject({
        code: 'stale-attempt',
      });
      expect(await kit().claim(node, second.session, 1)).toMatchObject([{ jobId: id, attempt: 2 }]);
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
      await store.nodes.goodbye(node, session);
      expect(await store.nodes.find(node)).toMatchObject({ state: 'stopped' });
      expect(await kit().claim(node, session, 1)).toEqual([]);
      const stranger = '11111111-1111-4111-8111-111111111111';
      await expect(store.nodes.goodbye(node, stranger)).rejects.toMatchObject({ code: 'stale-session' });
      await expect(store.nodes.goodbye('nobody', stranger)).rejects.toMatchObject({ code: 'not-found' });
      const again = await store.nodes.register({ name: node, queues: [queue], slots: 1 });
      expect(await store.nodes.find(node)).toMatchObject({ state: 'ready' });
      expect(await kit().claim(node, again.session, 1)).toHaveLength(1);
    });
  });
}
