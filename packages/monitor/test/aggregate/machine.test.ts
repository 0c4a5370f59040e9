import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AggregateAction,
  type AggregateEvent,
  type AggregateState,
  findPorts,
  furtherPorts,
  initialState,
  patience,
  transition,
} from '../../src/aggregate/machine.ts';
import type { RoleKind } from '../../src/aggregate/role.ts';

const listens = (hasLeader = false): AggregateEvent => ({ type: 'server-listens', hasLeader });
const childrenBegan: AggregateEvent = { type: 'children-began' };
const joined: AggregateEvent = { type: 'follower-joined' };
const reached: AggregateEvent = { type: 'leader-reached' };
const unreachable = (hasReplica = false): AggregateEvent => ({ type: 'leader-unreachable', hasReplica });
const opened: AggregateEvent = { type: 'listener-opened' };
const failed = (isTaken: boolean): AggregateEvent => ({ type: 'listener-failed', isTaken });
const channelFailed: AggregateEvent = { type: 'channel-failed' };

/** The state after these events, and the actions of each. */
function play(role: RoleKind, ...events: AggregateEvent[]): { state: AggregateState; actions: AggregateAction[][] } {
  const actions: AggregateAction[][] = [];
  let state = initialState;
  for (const event of events) {
    const step = transition(role, state, event);
    state = step.state;
    actions.push([...step.actions]);
  }
  return { state, actions };
}

describe('a parent', () => {
  test('serves alone once a server listens', () => {
    const { state, actions } = play('parent', listens(), opened);
    expect(state).toMatchObject({ name: 'standalone', listener: 'open' });
    expect(actions).toEqual([['open-listener'], ['announce']]);
  });

  test('leads its children, and opens its listener when the first of them reports', () => {
    const { state, actions } = play('parent', childrenBegan, joined, opened, joined, childrenBegan, listens());
    expect(state).toMatchObject({ name: 'leader', listener: 'open' });
    expect(actions).toEqual([['lead'], ['open-listener'], ['announce'], [], [], []]);
  });

  test('serves the sum where it served alone before', () => {
    const { state, actions } = play('parent', listens(), opened, childrenBegan);
    expect(state).toMatchObject({ name: 'leader', listener: 'open' });
    expect(actions.at(-1)).toEqual(['lead']);
  });

  test('tells that no address was to be had, and tries again when a child reports', () => {
    const { state, actions } = play('parent', childrenBegan, joined, failed(true), joined);
    expect(state).toMatchObject({ name: 'leader', listener: 'opening' });
    expect(actions).toEqual([['lead'], ['open-listener'], ['tell-failure'], ['open-listener']]);
  });

  test('counts for itself where the channel fails, and tries again with the next child', () => {
    expect(play('parent', childrenBegan, channelFailed).state.name).toBe('waiting');
    expect(play('parent', listens(), opened, childrenBegan, channelFailed).state.name).toBe('standalone');
    expect(play('parent', childrenBegan, channelFailed, childrenBegan).actions.at(-1)).toEqual(['lead']);
  });

  test('tries the ports after a taken one', () => {
    expect(findPorts('parent', 9465, 0)).toEqual({ first: 9465, last: 9465 + furtherPorts });
    expect(findPorts('parent', 65_530, 0).last).toBe(65_535);
    expect(findPorts('parent', 0, 0)).toEqual({ first: 0, last: 0 });
  });
});

describe('a child', () => {
  test('follows, and serves alone once its leader stays away', () => {
    const events = [listens(), ...Array.from({ length: patience }, () => unreachable()), opened];
    const { state, actions } = play('child', ...events);
    expect(state).toMatchObject({ name: 'standalone', listener: 'open' });
    expect(actions).toEqual([['follow'], [], [], [], [], ['open-listener'], ['unfollow', 'announce']]);
  });

  test('tries for an address once, and not each second where none was to be had', () => {
    const wait = Array.from({ length: patience }, () => unreachable());
    const { state, actions } = play('child', listens(), ...wait, failed(true), ...wait);
    expect(state).toMatchObject({ name: 'follower', listener: 'refused' });
    expect(actions.flat()).toEqual(['follow', 'open-listener', 'tell-failure']);
  });

  test('forgets failures when its leader answers', () => {
    const four = Array.from({ length: patience - 1 }, () => unreachable());
    expect(play('child', listens(), ...four, reached, ...four).actions.flat()).toEqual(['follow']);
  });
});

describe('a peer', () => {
  test('leads once it has the address', () => {
    const { state, actions } = play('peer', listens(), opened);
    expect(state).toMatchObject({ name: 'leader', listener: 'open' });
    expect(actions).toEqual([['open-listener'], ['unfollow', 'lead', 'announce']]);
  });

  test('follows where another has the address, or where a leader is known', () => {
    expect(play('peer', listens(), failed(true))).toMatchObject({
      state: { name: 'follower', listener: 'closed' },
      actions: [['open-listener'], ['follow']],
    });
    expect(play('peer', listens(true)).actions).toEqual([['follow']]);
  });

  test('takes the place of a leader that is gone: at once with a replica, later without', () => {
    expect(play('peer', listens(true), unreachable(true)).actions.at(-1)).toEqual(['open-listener']);
    expect(play('peer', listens(true), unreachable(), unreachable()).actions.flat()).toEqual(['follow']);
    expect(play('peer', listens(true), unreachable(), unreachable(), unreachable()).actions.at(-1)).toEqual([
      'open-listener',
    ]);
    expect(play('peer', listens(true), unreachable(true), opened)).toMatchObject({
      state: { name: 'leader', listener: 'open' },
      actions: [['follow'], ['open-listener'], ['unfollow', 'lead', 'announce']],
    });
  });

  test('stays a follower where another was faster', () => {
    const { state, actions } = play('peer', listens(true), unreachable(true), failed(true), reached);
    expect(state).toEqual({ name: 'follower', listener: 'closed', failures: 0 });
    expect(actions.at(-2)).toEqual([]);
  });

  test('goes to the next port only after patience, and gives up after the last with one word', () => {
    const ports: number[] = [];
    let told = 0;
    let state = transition('peer', initialState, listens(true)).state;
    for (let second = 0; second < 40; second++) {
      const step = transition('peer', state, unreachable(true));
      state = step.state;
      if (!step.actions.includes('open-listener')) continue;
      ports.push(findPorts('peer', 9465, state.failures).first);
      const next = transition('peer', state, failed(true));
      state = next.state;
      told += next.actions.filter((action) => action === 'tell-failure').length;
    }
    expect(ports).toEqual([
      ...Array.from({ length: patience }, () => 9465),
      ...Array.from({ length: furtherPorts }, (_, further) => 9466 + further),
    ]);
    expect(told).toBe(1);
    expect(state).toMatchObject({ name: 'follower', listener: 'refused' });
  });
});

test('whatever happens in whatever order: one listener at a time, and nobody leads and follows at once', () => {
  const anyEvent = fc.constantFrom(
    listens(),
    listens(true),
    childrenBegan,
    channelFailed,
    joined,
    reached,
    unreachable(),
    unreachable(true),
    opened,
    failed(true),
    failed(false),
  );
  fc.assert(
    fc.property(
      fc.constantFrom<RoleKind>('parent', 'child', 'peer'),
      fc.array(anyEvent, { maxLength: 60 }),
      (role, events) => {
        let state = initialState;
        let follows = false;
        for (const event of events) {
          // What only happens after something else did.
          if (event.type.startsWith('listener-') && state.listener !== 'opening') continue;
          if (event.type === 'children-began' && role !== 'parent') continue;
          if (event.type === 'channel-failed' && state.name !== 'leader') continue;
          const before = state;
          const step = transition(role, state, event);
          state = step.state;
          if (step.actions.includes('open-listener')) expect(['closed', 'refused']).toContain(before.listener);
          for (const action of step.actions) {
            if (action === 'follow') follows = true;
            if (action === 'unfollow') follows = false;
            if (action === 'lead') expect(follows).toBe(false);
          }
          expect(follows).toBe(state.name === 'follower');
        }
      },
    ),
  );
});
