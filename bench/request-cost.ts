import type { Load } from './load.ts';
import { ServerProcess } from './server-process.ts';
import { groupedMedianInterval, type Interval, median, seededRandom, shuffle } from './statistics.ts';
import type { Table } from './table.ts';
import type { Workload } from './workloads.ts';

interface Slice {
  /** CPU of the whole server process a request, garbage collector's threads included. */
  cpuMicros: number;
  perSecond: number;
  /** How much of the slice the event loop was busy: near 1 the server is what limits throughput. */
  busy: number;
}
/** What a server has used since its start. */
interface Usage {
  cpuMicros: number;
  activeMs: number;
}
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
}

export interface Added {
  cpuMicros: Interval;
  /** With : without. */
  throughput: Interval;
}

export interface WorkloadFigures {
  title: string;
  host: string;
  sliceMs: number;
  /** Of none: medians of all slices. */
  none: Slice;
  /** By kind, against none. */
  added: Record<string, Added>;
}

/**
 * What each kind of `hello-server.ts` adds to a request against `none`, in paired slices: in each round every server
 * is asked for the same time, in turn. Several launches, because where a process's code and heap come to lie makes
 * two equal servers differ.
 */
export async function requestCost(
  workload: Workload,
  kinds: readonly string[],
  size: Size,
  progress: (message: string) => void,
): Promise<WorkloadFigures> {
  const random = seededRandom();
  const launches: Slices[] = [];
  while (launches.length < size.launches) {
    progress(`${workload.title}: launch ${launches.length + 1} of ${size.launches}`);
    launches.push(await launch(workload, ['none', ...kinds], size, random));
  }
  return figuresOf(workload, kinds, launches);
}

async function launch(
  workload: Workload,
  kinds: readonly string[],
  { warmUpMs, rounds }: Size,
  random: () => number,
): Promise<Slices> {
  const candidates: Candidate[] = [];
  const slices: Slices = Object.fromEntries(kinds.map((kind) => [kind, []]));
  try {
    for (const kind of shuffle(kinds, random)) candidates.push(await start(workload, kind));
    for (const { load } of candidates) await load.run(warmUpMs);
    for (let round = 0; round < rounds; round++) {
      // What was asked just before leaves caches behind: none comes always after the same.
      for (const candidate of shuffle(candidates, random)) {
        slices[candidate.kind]?.push(await measure(candidate, workload.sliceMs));
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

async function start({ host, open }: Workload, kind: string): Promise<Candidate> {
  const file = new URL('hello-server.ts', import.meta.url);
  const server = await ServerProcess.start<{ port: number }>(file, [host, kind]);
  return { kind, server, load: await open(server.started.port) };
}

async function measure({ server, load }: Candidate, ms: number): Promise<Slice> {
  const before = await server.ask<Usage>('usage');
  const { answers, elapsedMs } = await load.run(ms);
  const after = await server.ask<Usage>('usage');
  return {
    cpuMicros: (after.cpuMicros - before.cpuMicros) / answers,
    perSecond: (answers / elapsedMs) * 1000,
    busy: (after.activeMs - before.activeMs) / elapsedMs,
  };
}

function figuresOf(
  { title, host, sliceMs }: Workload,
  kinds: readonly string[],
  launches: readonly Slices[],
): WorkloadFigures {
  const ofNone = (name: keyof Slice) => median(launches.flatMap(({ none = [] }) => none.map((slice) => slice[name])));
  return {
    title,
    host,
    sliceMs,
    none: { cpuMicros: ofNone('cpuMicros'), perSecond: ofNone('perSecond'), busy: ofNone('busy') },
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
    cpuMicros: paired((slice, base) => slice.cpuMicros - base.cpuMicros),
    throughput: paired((slice, base) => slice.perSecond / base.perSecond),
  };
}

export function costTable({ title, sliceMs, none, added }: WorkloadFigures, { launches, rounds }: Size): Table {
  return {
    caption:
      `${title}: ${none.cpuMicros.toFixed(1)} µs CPU a request and ${Math.round(none.perSecond)} requests a second without a monitor, ` +
      `server busy ${(Math.min(none.busy, 1) * 100).toFixed(0)} %; ${launches} launches of ${rounds} slices of ${sliceMs} ms, medians with 95 % intervals`,
    head: ['against none', 'CPU added, µs a request', 'throughput, with : without'],
    rows: Object.entries(added).map(([kind, { cpuMicros, throughput }]) => [
      kind,
      formatInterval(cpuMicros, 2),
      formatInterval(throughput, 3),
    ]),
  };
}

function formatInterval({ median: middle, low, high }: Interval, digits: number): string {
  return `${middle.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}
