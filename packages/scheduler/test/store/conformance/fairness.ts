import type { ClaimedAttempt } from '@weighbridge/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attemptRef, type StoreKit, unique } from './store-kit.ts';

/** A node, and what it runs. */
interface BusyNode {
  readonly name: string;
  readonly session: string;
  readonly slots: number;
  readonly running: ClaimedAttempt[];
}

const usedSlots = ({ running }: BusyNode) => running.reduce((sum, { slots }) => sum + slots, 0);

export function describeFairness(kit: () => StoreKit): void {
  const addNode = async (queue: string, slots: number): Promise<BusyNode> => {
    const name = unique('node');
    const { session } = await kit().store.nodes.register({ name, queues: [queue], slots });
    return { name, session, slots, running: [] };
  };
  const claim = async (node: BusyNode): Promise<ClaimedAttempt[]> => {
    const free = node.slots - usedSlots(node);
    if (free === 0) return [];
    const claimed = await kit().claim(node.name, node.session, free);
    node.running.push(...claimed);
    return claimed;
  };
  const end = async (node: BusyNode, attempt: ClaimedAttempt) => {
    node.running.splice(node.running.indexOf(attempt), 1);
    const { session } = node;
    await kit().store.attempts.complete(attemptRef(attempt), node.name, { session, outcome: 'succeeded' });
  };
  const submit = async (queue: string, more: { slots?: number; priority?: number; timeoutSeconds?: number }[]) =>
    (await kit().store.jobs.submit(more.map((one) => ({ queue, command: 'echo', ...one })))).map(({ job }) => job.id);

  describe('a job that needs several slots', () => {
    test('is not passed by small ones: the node keeps what comes free for it', async () => {
      const queue = unique('queue');
      const node = await addNode(queue, 4);
      await submit(queue, Array(150).fill({}));
      await claim(node);
      expect(node.running).toHaveLength(4);
      const [wide] = await submit(queue, [{ slots: 4, priority: 1000 }]);
      for (let ended = 1; ended <= 4; ended++) {
        const [first] = node.running;
        if (first) await end(node, first);
        const claimed = await claim(node);
        expect(claimed.map(({ jobId }) => jobId)).toEqual(ended < 4 ? [] : [wide]);
      }
    });

    test('and has waited for longer, is not passed by equals that came later', async () => {
      const queue = unique('queue');
      const node = await addNode(queue, 2);
      const ids = await submit(queue, [{}, { slots: 2 }, {}, {}]);
      expect((await claim(node)).map(({ jobId }) => jobId)).toEqual([ids[0]]);
      expect(await claim(node)).toEqual([]);
      const [first] = node.running;
      if (first) await end(node, first);
      expect((await claim(node)).map(({ jobId }) => jobId)).toEqual([ids[1]]);
    });

    test('lets those pass that end in time by their timeout, and no others', async () => {
      const queue = unique('queue');
      const node = await addNode(queue, 6);
      await submit(queue, [{ slots: 3, timeoutSeconds: 600 }]);
      await submit(queue, [{ timeoutSeconds: 900 }]);
      await claim(node);
      // It has its slots in 600 s, whatever else runs longer.
      await submit(queue, [{ slots: 5, priority: 9 }]);
      const ids = await submit(queue, [{ timeoutSeconds: 700 }, { timeoutSeconds: 500 }, { timeoutSeconds: 599 }]);
      expect((await claim(node)).map(({ jobId }) => jobId)).toEqual(ids.slice(1));
    });

    test('has a place on one node; those behind it that have none hold nobody up who ends in time', async () => {
      const queue = unique('queue');
      const node = await addNode(queue, 4);
      await submit(queue, [{ timeoutSeconds: 600 }]);
      await claim(node);
      const wide = await submit(queue, [{ slots: 4 }, { slots: 4 }, { slots: 4 }]);
      const [short] = await submit(queue, [{ timeoutSeconds: 100 }, { timeoutSeconds: 700 }]);
      expect((await claim(node)).map(({ jobId }) => jobId)).toEqual([short]);
      for (const attempt of [...node.running]) await end(node, attempt);
      for (const id of wide) {
        const [attempt] = await claim(node);
        expect(attempt?.jobId).toBe(id);
        if (attempt) await end(node, attempt);
      }
    });

    test('keeps one node only, the one that has room soonest; the others go on', async () => {
      const queue = unique('queue');
      const [late, soon] = [await addNode(queue, 4), await addNode(queue, 4)];
      await submit(queue, Array(4).fill({ timeoutSeconds: 3000 }));
      await claim(late);
      await submit(queue, Array(4).fill({ timeoutSeconds: 300 }));
      await claim(soon);
      const [wide] = await submit(queue, [{ slots: 3, priority: 1 }]);
      await submit(queue, Array(20).fill({}));
      for (const node of [late, soon]) {
        const [first] = node.running;
        if (first) await end(node, first);
      }
      expect(await claim(soon)).toEqual([]);
      expect(await claim(late)).toHaveLength(1);
      for (const one of soon.running.slice(0, 2)) await end(soon, one);
      expect((await claim(soon)).map(({ jobId }) => jobId)).toContain(wide);
    });

    test('frees its node when it is cancelled, and tells the claims that wait', async () => {
      const queue = unique('queue');
      const node = await addNode(queue, 2);
      await submit(queue, [{}]);
      await claim(node);
      const [wide] = await submit(queue, [{ slots: 2 }]);
      const [small] = await submit(queue, [{}]);
      expect(await claim(node)).toEqual([]);
      const isReady = kit().readyOf(queue);
      await kit().store.jobs.cancel(wide ?? '');
      await isReady;
      expect((await claim(node)).map(({ jobId }) => jobId)).toEqual([small]);
    });

    test('finds another node when its own is drained', async () => {
      const queue = unique('queue');
      const [first, second] = [await addNode(queue, 2), await addNode(queue, 2)];
      await submit(queue, [{ timeoutSeconds: 100 }]);
      await claim(first);
      await submit(queue, [{ timeoutSeconds: 200 }]);
      await claim(second);
      const [wide] = await submit(queue, [{ slots: 2 }]);
      await submit(queue, [{}, {}]);
      expect(await claim(first)).toEqual([]);
      await kit().store.nodes.drain(first.name, true);
      // A plan is a second old at most.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      expect(await claim(second)).toEqual([]);
      const [running] = second.running;
      if (running) await end(second, running);
      expect((await claim(second)).map(({ jobId }) => jobId)).toEqual([wide]);
    });
  });

  describe('over any mix of jobs and nodes', { timeout: 120_000 }, () => {
    const mix = fc.record({
      nodes: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 4 }),
      jobs: fc.array(fc.record({ slots: fc.integer({ min: 1, max: 8 }), priority: fc.integer({ min: -2, max: 2 }) }), {
        minLength: 1,
        maxLength: 25,
      }),
      steps: fc.array(fc.nat({ max: 1000 }), { minLength: 30, maxLength: 60 }),
    });

    test('the highest goes first, slots are never exceeded, and none starves while small ones come without end', async () => {
      await fc.assert(
        fc.asyncProperty(mix, async ({ nodes: sizes, jobs, steps }) => {
          const queue = unique('queue');
          const nodes: BusyNode[] = [];
          for (const slots of sizes) nodes.push(await addNode(queue, slots));
          const waiting = new Map<string, { slots: number; rank: [number, number] }>();
          let submitted = 0;
          const add = async (more: { slots: number; priority: number }[]) => {
            for (const [index, id] of (await submit(queue, more)).entries()) {
              const { slots = 1, priority = 0 } = more[index] ?? {};
              waiting.set(id, { slots, rank: [-priority, submitted++] });
            }
          };
          const isBefore = (a: { rank: [number, number] }, b: { rank: [number, number] }) =>
            a.rank[0] < b.rank[0] || (a.rank[0] === b.rank[0] && a.rank[1] < b.rank[1]);
          const claimOn = async (node: BusyNode) => {
            const free = node.slots - usedSlots(node);
            const claimed = await claim(node);
            expect(usedSlots(node)).toBeLessThanOrEqual(node.slots);
            for (const { jobId } of claimed) {
              const mine = waiting.get(jobId);
              waiting.delete(jobId);
              // Nothing that stands before it, and fits as well, was left behind.
              const passed = [...waiting.values()].filter(
                (other) =>
                  mine &&
                  isBefore(other, mine) &&
                  other.slots <= free &&
                  !claimed.some((one) => one.slots > other.slots),
              );
              if (claimed.length === 1) expect(passed).toEqual([]);
            }
          };
          await add(jobs);
          for (const step of steps) {
            const node = nodes[step % nodes.length] as BusyNode;
            if (step % 3 === 0 && node.running.length > 0) {
              const attempt = node.running[step % node.running.length];
              if (attempt) await end(node, attempt);
            }
            await claimOn(node);
            // Of the lowest priority: it must never keep another from its turn.
            await add([{ slots: 1, priority: -3 }]);
          }
          // From now on each node ends what it runs, one after the other. Whoever waited by then, and fits somewhere, begins.
          const largest = Math.max(...sizes);
          const patient = [...waiting].filter(([, { slots, rank }]) => slots <= largest && rank[0] < 3).length;
          for (
            let round = 0;
            round < (patient + 1) * 10 &&
            [...waiting.values()].some(({ slots, rank }) => slots <= largest && rank[0] < 3);
            round++
          ) {
            for (const node of nodes) {
              const [attempt] = node.running;
              if (attempt) await end(node, attempt);
              await claimOn(node);
              await add([{ slots: 1, priority: -3 }]);
            }
          }
          expect([...waiting.values()].filter(({ slots, rank }) => slots <= largest && rank[0] < 3)).toEqual([]);
        }),
        { numRuns: 15 },
      );
    });
  });
}
