import type { BenchOptions, Outcome } from './bench.ts';
import { type Allocation, allocationPerRequest } from './memory-allocation.ts';
import { bytesPerConnection, type ConnectionBytes } from './memory-connections.ts';
import { type DistinctFigures, distinctRequests } from './memory-distinct.ts';
import { type RetainedHeap, retainedHeap } from './memory-heap.ts';
import { bytesPerLabelSet } from './memory-label-sets.ts';
import { pin } from './pinning.ts';
import type { Table } from './table.ts';

/** What the monitor keeps: a label set, a connection, a request, and a million URLs that nobody has. */
export async function memoryCost({ quick, progress }: BenchOptions): Promise<Outcome> {
  pin(process.pid, 1);
  progress('label sets');
  const labelSets = await bytesPerLabelSet(quick);
  progress('connections');
  const connections = await bytesPerConnection(quick);
  progress('retained heap');
  const heap = await retainedHeap(quick);
  progress('allocation');
  const allocation = await allocationPerRequest(quick);
  const distinct: Record<string, DistinctFigures> = {};
  for (const [name, kind] of [
    ['matched by no route', 'routed'],
    ['endpointOf gives the raw URL', 'raw'],
  ] as const) {
    progress(`distinct URLs, methods and hosts: ${name}`);
    distinct[name] = await distinctRequests(kind, quick, progress);
  }
  return {
    tables: [keptTable(labelSets, connections), heapTable(heap), allocationTable(allocation), distinctTable(distinct)],
    figures: { labelSets, connections, heap, allocation, distinct },
  };
}

function keptTable(labelSets: readonly { labelSets: number; bytes: number }[], connections: ConnectionBytes): Table {
  const last = labelSets.at(-1) as { labelSets: number; bytes: number };
  const worst = Math.max(...labelSets.map(({ bytes }) => bytes));
  return {
    caption: 'Live bytes that the monitor keeps',
    head: ['for', 'bytes each', 'measured with'],
    rows: [
      ['a label set with its histogram', last.bytes.toFixed(0), `${last.labelSets} label sets, after scrapes`],
      ['the same, at the worst size on the way', worst.toFixed(0), `${labelSets.length} sizes`],
      ['a connection that has asked nothing', connections.silent.toFixed(0), `${connections.connections} connections`],
      [
        'a connection that idles after an answer',
        connections.idle.toFixed(0),
        `${connections.connections} connections`,
      ],
    ],
  };
}

function heapTable({ requests, connections, launches, moments }: RetainedHeap): Table {
  return {
    caption: `Retained heap of a whole server, after a collection; medians of ${launches} launches`,
    head: ['', 'without, MB', 'with it, MB', 'added, kB'],
    rows: moments.map(({ moment, none, monitor }) => [
      moment.replace('requests', `${requests} requests`).replace('connections', `${connections} connections`),
      megabytes(none),
      megabytes(monitor),
      ((monitor - none) / 1000).toFixed(0),
    ]),
  };
}

function allocationTable({ none, monitor }: Record<'none' | 'monitor', Allocation>): Table {
  const row = (name: string, { monitor: ours, node, handler, native }: Allocation) => [
    name,
    ...[ours, node, handler, native].map((bytes) => bytes.toFixed(1)),
  ];
  const functions = monitor.monitorFunctions.slice(0, 5).map(({ name, bytes }) => `${name} ${bytes.toFixed(1)}`);
  return {
    caption: `Bytes allocated a request, by whose code allocates (a heap sample each 256 bytes)${functions.length > 0 ? `; the monitor's in ${functions.join(', ')}` : ''}`,
    head: ['', "the monitor's code", "Node's", "the handler's", 'V8 without a script'],
    rows: [row('without the monitor', none), row('with it', monitor)],
  };
}

function distinctTable(distinct: Record<string, DistinctFigures>): Table {
  return {
    caption: 'Every request with a URL, a host and in turn a method of its own',
    head: [
      '',
      'requests',
      'after a warm-up of',
      'live memory at the end, MB',
      'spread, MB',
      'text() before and after, ms',
      'books balance',
    ],
    rows: Object.entries(distinct).map(([name, one]) => [
      name,
      String(one.requests),
      String(one.warmUp),
      `+${megabytes(one.growthBytes)}`.replace('+-', '-'),
      megabytes(one.spreadBytes),
      `${one.scrapeMs.before.toFixed(2)}, ${one.scrapeMs.after.toFixed(2)}`,
      one.balanced ? 'yes' : 'no',
    ]),
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}
