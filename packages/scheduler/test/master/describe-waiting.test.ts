import type { Node } from '@weighbridge/protocol';
import { describe, expect, test } from 'vitest';
import { describeWaiting } from '../../src/master/waiting/describe-waiting.ts';
import type { WaitingJob } from '../../src/store/store.ts';

const node = (id: string, more: Partial<Node> = {}): Node => ({
  id,
  state: 'ready',
  queues: ['gpu'],
  slots: 4,
  slotsUsed: 4,
  labels: {},
  registeredAt: '2030-01-01T00:00:00.000Z',
  lastHeartbeatAt: '2030-01-01T00:00:00.000Z',
  ...more,
});
const known: WaitingJob = { runAt: '2030-01-31T08:00:00.000Z', ahead: 0, parents: [], parentCount: 0 };
const job = { state: 'queued', queue: 'gpu', slots: 1 } as const;
const [id, other] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];

describe('a job that has not begun says why', () => {
  test.each<[string, Partial<typeof job> | object, Partial<WaitingJob>, Node[], object]>([
    ['no node', {}, {}, [node('a', { queues: ['cpu'] })], { code: 'no-node', detail: 'no node serves queue gpu' }],
    [
      'one that is drained',
      {},
      { ahead: 3 },
      [node('vm', { state: 'draining' })],
      { code: 'node-unavailable', detail: 'node vm is draining' },
    ],
    [
      'several that take nothing',
      {},
      {},
      (['draining', 'lost', 'silent', 'stopped', 'stopped'] as const).map((state, n) => node(`n${n}`, { state })),
      {
        code: 'node-unavailable',
        detail:
          'queue gpu has no node that is ready: node n0 is draining, node n1 is lost, node n2 is silent, and none of 2 more is ready',
      },
    ],
    [
      'too wide for any that is ready',
      { slots: 8 },
      { ahead: 3 },
      [node('a'), node('b', { slots: 2 }), node('c', { slots: 8, state: 'lost' })],
      { code: 'too-wide', detail: 'needs 8 slots, the largest node has 4' },
    ],
    ['others ahead', {}, { ahead: 3 }, [node('a')], { code: 'jobs-ahead', detail: '3 jobs ahead', ahead: 3 }],
    ['one ahead', {}, { ahead: 1 }, [node('a')], { code: 'jobs-ahead', detail: '1 job ahead', ahead: 1 }],
    [
      'many ahead',
      {},
      { ahead: 1000 },
      [node('a')],
      { code: 'jobs-ahead', detail: 'at least 1000 jobs ahead', ahead: 1000 },
    ],
    ['the next', {}, {}, [node('a')], { code: 'slots', detail: 'waits for a free slot' }],
    [
      'the next, and wide',
      { slots: 3 },
      {},
      [node('a', { slotsUsed: 2 })],
      { code: 'slots', detail: 'waits for 3 free slots of one node' },
    ],
    ['in a moment', {}, {}, [node('a', { slotsUsed: 3 })], { code: 'soon', detail: 'begins in a moment' }],
    [
      'its time',
      { state: 'scheduled' },
      {},
      [],
      { code: 'time', detail: 'until 2030-01-31T08:00:00.000Z', until: '2030-01-31T08:00:00.000Z' },
    ],
    [
      'another job',
      { state: 'blocked' },
      { parents: [{ id, key: 'prepare', state: 'running' }], parentCount: 1 },
      [],
      { code: 'jobs', detail: `waits for job ${id} (prepare)`, jobs: [id] },
    ],
    [
      'other jobs',
      { state: 'blocked' },
      {
        parents: [
          { id, state: 'running' },
          { id: other, state: 'queued' },
        ],
        parentCount: 7,
      },
      [],
      { code: 'jobs', detail: `waits for job ${id} and 6 more`, jobs: [id, other] },
    ],
  ])('%s', (_name, more, found, nodes, waitingFor) => {
    expect(describeWaiting({ ...job, ...more }, { ...known, ...found }, nodes)).toEqual(waitingFor);
  });
});
