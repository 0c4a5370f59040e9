import { Load } from './load.ts';
import { ServerProcess } from './server-process.ts';
import { groupedMedianInterval, type Interval, median } from './statistics.ts';
import type { Table } from './table.ts';

interface Slice {
  /** CPU of the whole server process a request, garbage collector's threads included. */
  processMicros: number;
  /** CPU of its main thread a request. */
  threadMicros: number;
  perSecond: number;
  /** How much of the slice the main thread was busy: near 1 the server is what limits throughput. */
  busy: number;
}
type Cpu = Pick<Slice, 'processMicros' | 'threadMicros'>;
/** By kind, in order of rounds. */
type Slices = Record<string, Slice[]>;
interface Candidate {
  kind: string;
  server: ServerProcess<{ port: number }>;
  load: Load;
}

/** How long to measure. */
export interface Size {
  readonly launches: number;
  /** Before the first slice, each server. */
  readonly warmUpMs: number;
  readonly rounds: number;
  readonly sliceMs: number;
}

export interface Added {
  processMicros: Interval;
  threadMicros: Interval;
  /** With : without. */
  throughput: Interval;
}

export interface HostFigures {
  host: string;
  /** Of none: medians of all slices. */
  none: Slice;
  /** By kind, against none. */
  added: Record<string, Added>;
}

const connections = 16;

/**
 * What each kind of `hello-server.ts` adds to a request against `none`, in paired slices: in each round every server
 * is asked for the same time, in turn. Several launches, because where a process's code and heap come to lie makes
 * two equal servers differ.
 */
export async function requestCost(
  host: string,
  kinds: readonly string[],
  size: Size,
  progress: (message: string) => void,
): Promise<HostFigures> {
  const launches: Slices[] = [];
  while (launches.length < size.launches) {
    progress(`${host}: launch ${launches.length + 1} of ${size.launches}`);
    launches.push(await launch(host, ['none', ...kinds], size));
  }
  return figuresOf(host, kinds, launches);
}

async function launch(host: string, kinds: readonly string[], { warmUpMs, rounds, sliceMs }: Size): Promise<Slices> {
  const candidates: Candidate[] = [];
  const slices: Slices = Object.fromEntries(kinds.map((kind) => [kind, []]));
  try {
    for (const kind of kinds) candidates.push(await start(host, kind));
    for (const { load } of candidates) await load.run(warmUpMs);
    for (let round = 0; round < rounds; round++) {
      // The order turns, so that none is always first.
      for (let turn = 0; turn < candidates.length; turn++) {
        const candidate = candidates[(round + turn) % candidates.length] as Candidate;
        slices[candidate.kind]?.push(await measure(candidate, sliceMs));
      }
    }
    return slices;
  } finally {
    for (const { load, server } of candidates) {
      load.close();
      server.end();
    }
  }
}

async function start(host: string, kind: string): Promise<Candidate> {
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

function figuresOf(host: string, kinds: readonly string[], launches: readonly Slices[]): HostFigures {
  const ofNone = (name: keyof Slice) => median(launches.flatMap(({ none = [] }) => none.map((slice) => slice[name])));
  return {
    host,
    none: {
      processMicros: ofNone('processMicros'),
      threadMicros: ofNone('threadMicros'),
      perSecond: ofNone('perSecond'),
      busy: ofNone('busy'),
    },
    added: Object.fromEntries(kinds.map((kind) => [kind, addedBy(kind, launches)])),
  };
}

function addedBy(kind: string, launches: readonly Slices[]): Added {
  const paired = (compare: (slice: Slice, base: Slice) => number) =>
    groupedMedianInterval(
      launches.map(({ none = [], [kind]: slices = [] }) =>
        slices.map((slice, index) => compare(slice, none[index] as Slice)),
      ),
    );
  return {
    processMicros: paired((slice, base) => slice.processMicros - base.processMicros),
    threadMicros: paired((slice, base) => slice.threadMicros - base.threadMicros),
    throughput: paired((slice, base) => slice.perSecond / base.perSecond),
  };
}

export function costTable({ host, none, added }: HostFigures, { launches, rounds, sliceMs }: Size): Table {
  return {
    caption:
      `${host}: ${none.processMicros.toFixed(1)} µs CPU a request and ${Math.round(none.perSecond)} requests a second without a monitor, ` +
      `server's thread busy ${(none.busy * 100).toFixed(0)} %; ${launches} launches of ${rounds} slices of ${sliceMs} ms, medians with 95 % intervals`,
    head: [
      'against none',
      'CPU of the process added, µs a request',
      'CPU of its main thread added, µs',
      'throughput, with : without',
    ],
    rows: Object.entries(added).map(([kind, { processMicros, threadMicros, throughput }]) => [
      kind,
      formatInterval(processMicros, 2),
      formatInterval(threadMicros, 2),
      formatInterval(throughput, 3),
    ]),
  };
}

function formatInterval({ median: middle, low, high }: Interval, digits: number): string {
  return `${middle.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}
