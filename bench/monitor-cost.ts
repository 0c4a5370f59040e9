import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Load } from './load.ts';
import { median, medianInterval } from './statistics.ts';

const kinds = ['none', 'none-again', 'monitor', 'prom-client'] as const;
type Kind = (typeof kinds)[number];
interface Candidate {
  kind: Kind;
  process: ChildProcess;
  load: Load;
}
interface Slice {
  cpuMicros: number;
  perSecond: number;
}

/**
 * CPU that the monitor adds to a hello-world request on bare `node:http`, in paired slices: in each round every
 * server is asked for the same time, in turn. Server on core 0, load on core 1.
 */
export async function monitorCost({ rounds = 40, sliceMs = 400 } = {}): Promise<void> {
  pin(process.pid, 1);
  const candidates: Candidate[] = [];
  try {
    for (const kind of kinds) candidates.push(await start(kind));
    for (const { load } of candidates) await load.run(1000);
    const slices: Record<Kind, Slice[]> = { none: [], 'none-again': [], monitor: [], 'prom-client': [] };
    for (let round = 0; round < rounds; round++) {
      // The order turns, so that none is always first.
      for (let turn = 0; turn < candidates.length; turn++) {
        const candidate = candidates[(round + turn) % candidates.length] as Candidate;
        slices[candidate.kind].push(await measure(candidate, sliceMs));
      }
    }
    report(slices);
  } finally {
    for (const candidate of candidates) {
      candidate.load.close();
      candidate.process.disconnect();
    }
  }
}

async function start(kind: Kind): Promise<Candidate> {
  const child = fork(fileURLToPath(new URL('hello-server.ts', import.meta.url)), [kind]);
  pin(child.pid as number, 0);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { kind, process: child, load: await Load.open(port, 16) };
}

async function measure({ process: child, load }: Candidate, ms: number): Promise<Slice> {
  const before = await cpuOf(child);
  const { answers, elapsedMs } = await load.run(ms);
  return { cpuMicros: ((await cpuOf(child)) - before) / answers, perSecond: (answers / elapsedMs) * 1000 };
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ cpuMicros }] = (await once(child, 'message')) as [{ cpuMicros: number }];
  return cpuMicros;
}

function report(slices: Record<Kind, Slice[]>): void {
  const base = slices.none;
  console.log(
    `none: ${median(base.map(({ cpuMicros }) => cpuMicros)).toFixed(2)} µs CPU a request (median of ${base.length} slices)`,
  );
  for (const kind of kinds.slice(1)) {
    const added = medianInterval(
      slices[kind].map((slice, index) => slice.cpuMicros - (base[index] as Slice).cpuMicros),
    );
    const ratio = medianInterval(
      slices[kind].map((slice, index) => slice.perSecond / (base[index] as Slice).perSecond),
    );
    console.log(
      `${kind}: ${added.median.toFixed(2)} µs [${added.low.toFixed(2)}, ${added.high.toFixed(2)}] added; ` +
        `throughput ${ratio.median.toFixed(3)} [${ratio.low.toFixed(3)}, ${ratio.high.toFixed(3)}] of none`,
    );
  }
}

/** Without taskset the figures are only noisier. */
function pin(pid: number, core: number): void {
  spawnSync('taskset', ['-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
}
