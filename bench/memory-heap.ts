import { setImmediate } from 'node:timers/promises';
import { withMemoryServer } from './memory-with-server.ts';
import { askEach, head, openStreams, RequestStream } from './request-stream.ts';
import { median } from './statistics.ts';

/** Live bytes of the whole process at one moment, with the monitor and without. */
export interface HeapMoment {
  moment: string;
  none: number;
  monitor: number;
}

const moments = ['listening', 'after the requests', 'with the connections idle', 'after they have closed'] as const;
type Moment = (typeof moments)[number];

export interface RetainedHeap {
  launches: number;
  requests: number;
  connections: number;
  moments: HeapMoment[];
}

/** What a server keeps: after its start, after traffic, with connections open, after they have gone. Medians. */
export async function retainedHeap(quick: boolean): Promise<RetainedHeap> {
  const [launches, requests, connections] = quick ? [1, 10_000, 200] : [5, 200_000, 2000];
  const measured = { none: [] as Record<Moment, number>[], routed: [] as Record<Moment, number>[] };
  for (let launch = 0; launch < launches; launch++) {
    for (const kind of ['none', 'routed'] as const) measured[kind].push(await measure(kind, requests, connections));
  }
  const of = (kind: keyof typeof measured, moment: Moment) => median(measured[kind].map((live) => live[moment]));
  return {
    launches,
    requests,
    connections,
    moments: moments.map((moment) => ({ moment, none: of('none', moment), monitor: of('routed', moment) })),
  };
}

async function measure(
  kind: 'none' | 'routed',
  requests: number,
  connections: number,
): Promise<Record<Moment, number>> {
  return withMemoryServer(kind, 500, async (server) => {
    const listening = await server.ask('live');
    const probe = await RequestStream.open(server.started.port);
    await probe.send(requests, () => request);
    const afterRequests = await server.ask('live');
    const streams = await openStreams(server.started.port, connections);
    await askEach(streams, request);
    const idle = await server.ask('live');
    for (const stream of streams) stream.close();
    while ((await server.ask('connections')) > 1) await setImmediate();
    const closed = await server.ask('live');
    probe.close();
    return {
      listening,
      'after the requests': afterRequests,
      'with the connections idle': idle,
      'after they have closed': closed,
    };
  });
}

const request = head('GET', '/', { 'x-endpoint': '/things/:id', 'x-status': 200 });
