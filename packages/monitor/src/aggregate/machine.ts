/**
 * Which process of a service serves its metrics, and what the others do.
 *
 * One service may be many processes: a cluster's primary and its workers, a process and its threads, the processes
 * that pm2 forks from one file. Each has a monitor of its own, but there is one address for the metrics, and a scrape
 * that reached a different process each time would see counters go up and down. So one process serves the sum.
 *
 * Roles (`role.ts`). They are fixed when the process starts and follow from who forked it:
 *
 * - parent: any process that no process of ours has made. Its threads and cluster workers report to it.
 * - child: a thread, or a cluster's worker whose primary is a parent. It reports to that parent.
 * - peer: a cluster's worker whose primary has no monitor, as pm2's has none. Peers are equal: one of them is chosen.
 *
 * States:
 *
 * - waiting: no HTTP server of this process listens yet, so there is nothing to serve and nothing to tell.
 * - standalone: this process serves its own totals, or tries to.
 * - follower: this process tells a leader what has moved, each second, over a channel (a Unix socket).
 * - leader: this process serves the sum of its own totals and of what its followers tell.
 *
 *                 children began          listener opened (peer)
 *      ┌────────────────────────┐     ┌──────────────────────────────┐
 *      │                        ▼     ▼                              │
 *   waiting ──► standalone ──► leader ◄── (peer: address free) ── follower
 *      │             ▲   └───── address taken (peer) ─────────────► ▲ │
 *      │             └──────── no leader answers (child) ───────────┼─┘
 *      └───────────── a server listens, a leader is there ──────────┘
 *
 * Each state has a listener beside it, which serves the metrics and the page: `closed`, `opening`, `open`, or `refused`
 * when no address was to be had. A parent leads as soon as it has children, but opens its listener only when the first
 * follower reports or a server of its own listens: a primary without traffic takes no port.
 *
 * How peers choose. The address decides: the peer that listens on it leads, since the system gives a port to one
 * process alone. A peer that finds it taken follows. While a leader lives nothing else is needed; there are no votes
 * and no terms, because all peers are on one machine.
 *
 * What is kept when a leader dies. A leader of peers tells its followers each delta of the sum before it serves it
 * (`replica.ts`), so every follower holds a replica that is never behind what a scrape has seen. The follower that gets
 * the address next starts from its replica: no counter goes down, and at most the last second, which nobody was told
 * of, is missing. A follower with a replica tries for the address at once, one that was never told anything waits two
 * seconds for the others. A parent's sum ends with the parent, as do its children.
 *
 * Failures:
 *
 * - A follower dies: what it has told stays in the sum. What it had pending becomes unattributed.
 * - A leader can't be reached: a follower keeps counting and tells everything with the next delta that arrives. A child
 *   serves its own totals after {@link patience} tries. A peer tries for the address.
 * - The address is taken by a stranger: a parent and a child try {@link furtherPorts} ports after it. Peers go to the
 *   next port only after {@link patience} tries at which neither the address nor a leader was to be had, one port a
 *   try, so that all of them meet at the same one.
 * - The channel can't be made (the folder belongs to another user): each process counts for itself, with a warning.
 *
 * The machine is pure. `preload/service.ts` tells it what happened and carries out the actions it returns.
 */

import type { RoleKind } from './role.ts';

/** Tries to reach a leader, a second apart, before a process stops waiting for it. */
export const patience = 5;
/** Ports that are tried after the one that was asked for. */
export const furtherPorts = 10;
/** A peer that was never told the sum leaves the address this many tries to those that were. */
const newcomersWait = 2;

type ListenerState = 'closed' | 'opening' | 'open' | 'refused';

export interface AggregateState {
  readonly name: 'waiting' | 'standalone' | 'follower' | 'leader';
  readonly listener: ListenerState;
  /** Consecutive tries at which no leader answered. */
  readonly failures: number;
}

export type AggregateEvent =
  | { readonly type: 'server-listens' /** A leader's channel exists. */; readonly hasLeader: boolean }
  | { readonly type: 'children-began' }
  | { readonly type: 'channel-failed' }
  | { readonly type: 'follower-joined' }
  | { readonly type: 'leader-reached' }
  | { readonly type: 'leader-unreachable' /** This process was told the sum. */; readonly hasReplica: boolean }
  | { readonly type: 'listener-opened' }
  | { readonly type: 'listener-failed' /** The address belongs to another process. */; readonly isTaken: boolean };

export type AggregateAction = 'open-listener' | 'announce' | 'tell-failure' | 'follow' | 'unfollow' | 'lead';

export interface Step {
  readonly state: AggregateState;
  /** In this order. */
  readonly actions: readonly AggregateAction[];
}

export const initialState: AggregateState = Object.freeze({ name: 'waiting', listener: 'closed', failures: 0 });

/** What a process does next. An event that means nothing in this state changes nothing. */
export function transition(role: RoleKind, state: AggregateState, event: AggregateEvent): Step {
  const isIdle = state.listener === 'closed' || state.listener === 'refused';
  const failures = state.failures + 1;
  switch (event.type) {
    case 'server-listens':
      if (state.name === 'leader') return isIdle ? open(state) : stay(state);
      if (state.name !== 'waiting') return stay(state);
      if (role === 'child' || (role === 'peer' && event.hasLeader)) return follow(state);
      return open({ ...state, name: 'standalone' });

    case 'children-began':
      if (state.name !== 'waiting' && state.name !== 'standalone') return stay(state);
      return { state: { ...state, name: 'leader' }, actions: ['lead'] };

    case 'channel-failed':
      return stay({ ...state, name: state.listener === 'closed' ? 'waiting' : 'standalone' });

    case 'follower-joined':
      return state.name === 'leader' && isIdle ? open(state) : stay(state);

    case 'leader-reached':
      return stay({ ...state, failures: 0 });

    case 'leader-unreachable':
      if (state.name !== 'follower') return stay(state);
      if (isIdle && mayTakeAddress(role, failures, event.hasReplica)) return open({ ...state, failures });
      return stay({ ...state, failures });

    case 'listener-opened':
      return opened(role, { ...state, listener: 'open' });

    case 'listener-failed':
      if (role === 'peer' && event.isTaken && state.name === 'standalone') return follow(state);
      if (role === 'peer' && event.isTaken && state.failures < patience + furtherPorts)
        return stay({ ...state, listener: 'closed' });
      return { state: { ...state, listener: 'refused' }, actions: ['tell-failure'] };
  }
}

/** The ports at which this process tries to listen, from the one that was asked for on. */
export function findPorts(role: RoleKind, port: number, failures: number): { first: number; last: number } {
  const first = role === 'peer' ? port + Math.max(0, failures - patience) : port;
  const last = role === 'peer' || port === 0 ? first : port + furtherPorts;
  return { first, last: Math.min(last, 65_535) };
}

function mayTakeAddress(role: RoleKind, failures: number, hasReplica: boolean): boolean {
  if (role === 'child') return failures === patience;
  return failures <= patience + furtherPorts && (hasReplica || failures > newcomersWait);
}

function opened(role: RoleKind, state: AggregateState): Step {
  if (role === 'peer') return { state: { ...state, name: 'leader' }, actions: ['unfollow', 'lead', 'announce'] };
  if (state.name === 'follower') return { state: { ...state, name: 'standalone' }, actions: ['unfollow', 'announce'] };
  return { state, actions: ['announce'] };
}

function stay(state: AggregateState): Step {
  return { state, actions: [] };
}

function open(state: AggregateState): Step {
  return { state: { ...state, listener: 'opening' }, actions: ['open-listener'] };
}

function follow(state: AggregateState): Step {
  return { state: { ...state, name: 'follower', listener: 'closed' }, actions: ['follow'] };
}
