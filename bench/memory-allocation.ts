import type { HeapProfiler } from 'node:inspector';
import { withMemoryServer } from './memory-with-server.ts';
import { head, RequestStream } from './request-stream.ts';

/** Bytes allocated a request by whose code ran, from a heap sample that also has what was soon collected. */
export interface Allocation {
  monitor: number;
  node: number;
  handler: number;
  /** V8 itself, without a script. */
  native: number;
  /** Functions of the monitor that allocate, most first. */
  monitorFunctions: { name: string; bytes: number }[];
}

export async function allocationPerRequest(quick: boolean): Promise<Record<'none' | 'monitor', Allocation>> {
  return { none: await measure('none', quick), monitor: await measure('routed', quick) };
}

async function measure(kind: 'none' | 'routed', quick: boolean): Promise<Allocation> {
  const requests = quick ? 10_000 : 100_000;
  return withMemoryServer(kind, 500, async (server) => {
    const stream = await RequestStream.open(server.started.port);
    const request = head('GET', '/', { 'x-endpoint': '/things/:id', 'x-status': 200 });
    // Optimised code allocates less: the steady state comes after some ten thousand requests.
    await stream.send(30_000, () => request);
    await server.ask('sample');
    await stream.send(requests, () => request);
    const root = await server.ask<HeapProfiler.SamplingHeapProfileNode>('allocated');
    stream.close();
    return allocationOf(root, requests);
  });
}

function allocationOf(root: HeapProfiler.SamplingHeapProfileNode, requests: number): Allocation {
  const sums = { monitor: 0, node: 0, handler: 0, native: 0 };
  const byFunction = new Map<string, number>();
  const add = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode) => {
    const who = ownerOf(callFrame.url);
    sums[who] += selfSize / requests;
    if (who === 'monitor' && selfSize > 0) {
      const name = `${callFrame.functionName} ${callFrame.url.split('/').at(-1)}:${callFrame.lineNumber + 1}`;
      byFunction.set(name, (byFunction.get(name) ?? 0) + selfSize / requests);
    }
    for (const child of children) add(child);
  };
  add(root);
  const monitorFunctions = [...byFunction].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
  return { ...sums, monitorFunctions };
}

function ownerOf(url: string): 'monitor' | 'node' | 'handler' | 'native' {
  if (url === '') return 'native';
  if (url.startsWith('node:')) return 'node';
  return url.includes('/monitor/dist/') || url.includes('/monitor/src/') ? 'monitor' : 'handler';
}
