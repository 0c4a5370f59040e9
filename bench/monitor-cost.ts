import type { BenchOptions, Outcome } from './bench.ts';
import { Load } from './load.ts';
import { installPeers } from './peers/install.ts';
import { pin } from './pinning.ts';
import { ServerProcess } from './server-process.ts';
import { groupedMedianInterval, type Interval, median } from './statistics.ts';
import type { Table } from './table.ts';

const kinds = ['none', 'none-again', 'monitor', 'prom-client'] as const;
type Kind = (typeof kinds)[number];
interface Candidate {
  kind: Kind;
  server: ServerProcess<{ port: number }>;
  load: Load;
}
interface Slice {
  /** CPU of the whole server process a request, garbage collector's threads included. */
  processMicros: number;
  /** CPU of its main thread a request. */
  threadMicros: number;
  perSecond: number;
  /** How much of the slice the main thread was busy: near 1 the server is what limits throughput. */
  busy: number;
}
type Slices = Record<Kind, Slice[]>;
interface Cpu {
  processMicros: number;
  threadMicros: number;
}

const connections = 16;

/**
 * CPU that the monitor adds to a hello-world request, in paired slices: in each round every server is asked for the
 * same time, in turn. Several launches, because where a process's code and heap come to lie makes two equal
 * servers differ. Server on core 0, load on core 1.
 */
export async function monitorCost({ quick, hosts, progress }: BenchOptions): Promise<Outcome> {
  const size = quick ? { launches: 2, rounds: 10, sliceMs: 100 } : { launches: 12, rounds: 40, sliceMs: 100 };
  if (hosts.some((host) => host !== 'node:http')) installPeers(progress);
  pin(process.pid, 1);
  const results: HostFigures[] = [];
  for (const host of hosts) {
    const launches: Slices[] = [];
    while (launches.length < size.launches) {
      progress(`${host}: launch ${launches.length + 1} of ${size.launches}`);
      launches.push(await launch(host, size));
    }
    results.push(figuresOf(host, launches));
  }
  return { tables: results.map((result) => tableOf(result, size)), figures: { ...size, connections, hosts: results } };
}

async function launch(host: string, { rounds, sliceMs }: { rounds: number; sliceMs: number }): Promise<Slices> {
  const candidates: Candidate[] = [];
  const slices: Slices = { none: [], 'none-again': [], monitor: [], 'prom-client': [] };
  try {
    for (const kind of kinds) candidates.push(await start(host, kind));
    for (const { load } of candidates) await load.run(10 * sliceMs);
    for (let round = 0; round < rounds; round++) {
      // The order turns, so that none is always first.
      for (let turn = 0; turn < candidates.length; turn++) {
        const candidate = candidates[(round + turn) % candidates.length] as Candidate;
        slices[candidate.kind].push(await measure(candidate, sliceMs));
      }
    }
    return slices;
  } finally {
    for (const candidate of candidates) {
      candidate.load.close();
      candidate.server.end();
    }
  }
}

async function start(host: string, kind: Kind): Promise<Candidate> {
  const file = new URL('hello-server.ts', import.meta.url);
  const server = await ServerProcess.start<{ port: number }>(file, [host, kind]);
  return { kind, server, load: await Load.open(server.started.port, connections) };
}

async function measure({ server, load }: Candidate, ms: number): Promise<Slice> {
  const before = await server.ask<Cpu>('cpu');
  const { answers, elapsedMs } = await load.run(ms);
  const after = await server.ask<Cpu>('cpu');
  const threadMicros = after.threadMicros - before.threadMicros;
  return {
    processMicros: (after.processMicros - before.processMicros) / answers,
    threadMicros: threadMicros / answers,
    perSecond: (answers / elapsedMs) * 1000,
    busy: threadMicros / 1000 / elapsedMs,
  };
}

interface HostFigures {
  host: string;
  /** Of none: medians of all slices. */
  none: Slice;
  added: Record<Exclude<Kind, 'none'>, { processMicros: Interval; threadMicros: Interval; throughput: Interval }>;
}

function figuresOf(host: string, launches: readonly Slices[]): HostFigures {
  const paired = (kind: Kind, compare: (slice: Slice, base: Slice) => number) =>
    groupedMedianInterval(
      launches.map((slices) => slices[kind].map((slice, index) => compare(slice, slices.none[index] as Slice))),
    );
  const added = (kind: Kind) => ({
    processMicros: paired(kind, (slice, base) => slice.processMicros - base.processMicros),
    threadMicros: paired(kind, (slice, base) => slice.threadMicros - base.threadMicros),
    throughput: paired(kind, (slice, base) => slice.perSecond / base.perSecond),
  });
  const ofNone = (name: keyof Slice) => median(launches.flatMap(({ none }) => none.map((slice) => slice[name])));
  return {
    host,
    none: {
      processMicros: ofNone('processMicros'),
      threadMicros: ofNone('threadMicros'),
      perSecond: ofNone('perSecond'),
      busy: ofNone('busy'),
    },
    added: { 'none-again': added('none-again'), monitor: added('monitor'), 'prom-client': added('prom-client') },
  };
}

function tableOf(
  { host, none, added }: HostFigures,
  size: { launches: number; rounds: number; sliceMs: number },
): Table {
  const interval = ({ median: middle, low, high }: Interval, digits: number) =>
    `${middle.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
  return {
    caption:
      `${host}: ${none.processMicros.toFixed(1)} µs CPU a request and ${Math.round(none.perSecond)} requests a second without a monitor, ` +
      `server's thread busy ${(none.busy * 100).toFixed(0)} %; ${size.launches} launches of ${size.rounds} slices of ${size.sliceMs} ms, medians with 95 % intervals`,
    head: [
      'against none',
      'CPU of the process added, µs a request',
      'CPU of its main thread added, µs',
      'throughput, with : without',
    ],
    rows: Object.entries(added).map(([kind, { processMicros, threadMicros, throughput }]) => [
      kind === 'prom-client' ? 'prom-client by hand' : kind,
      interval(processMicros, 2),
      interval(threadMicros, 2),
      interval(throughput, 3),
    ]),
  };
}
