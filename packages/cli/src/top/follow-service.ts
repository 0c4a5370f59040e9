import { setTimeout as delay } from 'node:timers/promises';
import { type Client, ProblemError, UnreachableError } from '@weighbridge/protocol';
import type { TopState } from './top-state.ts';

const pollMs = 1000;
const retryMs = 2000;
const jobsShown = 20;

/**
 * Keeps `state` up to date until `signal` aborts; comes back when the connection breaks.
 *
 * @param changed called after each change.
 * @throws UnreachableError, ProblemError while nothing has been heard yet.
 */
export async function followService(
  client: Client,
  state: TopState,
  changed: () => void,
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  const polling = poll(client, state, AbortSignal.any([signal, ended.signal]));
  try {
    await followStream(client, state, changed, signal);
  } finally {
    ended.abort();
    await polling;
  }
}

async function followStream(client: Client, state: TopState, changed: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of client.followBandwidth(signal)) {
        state.take(event);
        if (event.type === 'bandwidth') changed();
      }
      state.lost = 'the service ended the stream; trying again';
    } catch (error) {
      if (signal.aborted) return;
      if (!state.bandwidth) throw error;
      state.lost = `${describe(error)}; trying again`;
    }
    if (signal.aborted) return;
    changed();
    await delay(retryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Lists beside the stream; what a service doesn't have isn't asked for. */
async function poll(client: Client, state: TopState, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await refreshLists(client, state, signal);
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The lists as they are now; the last ones stay where no answer comes. */
export async function refreshLists(client: Client, state: TopState, signal: AbortSignal): Promise<void> {
  try {
    if ((state.bandwidth?.inFlight ?? 0) > 0) state.transfers = (await client.transfers(signal)).transfers;
    else state.transfers = [];
    if (!state.service?.hasScheduler) return;
    state.nodes = (await client.nodes(signal)).nodes;
    state.jobs = (await client.jobs({ limit: jobsShown }, signal)).jobs;
  } catch {
    // The stream tells of an outage.
  }
}

function describe(error: unknown): string {
  if (error instanceof UnreachableError) return 'nothing answers';
  return error instanceof ProblemError ? error.message : 'the connection broke off';
}
