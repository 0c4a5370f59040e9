import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { BenchOptions, Outcome } from '../bench.ts';
import { ServerProcess } from '../server-process.ts';
import { candidates } from './candidates.ts';
import { installPeers } from './install.ts';
import { type Counted, type Ports, type Scenario, scenarios, type Way } from './scenarios.ts';

type AccuracyServer = ServerProcess<Ports>;
interface Reading {
  in: number | null;
  out: number | null;
  samples: number;
  others: string[];
}
interface Compared {
  wire: Counted;
  told: { in: number | null; out: number | null };
  samplesAdded: number;
}
type Results = Record<string, Record<string, Compared>>;

/** Each candidate through each scenario: what its metrics tell against what the client's socket counted. */
export async function accuracy({ progress }: BenchOptions): Promise<Outcome> {
  installPeers(progress);
  const pair = makeCertificate();
  const results: Results = {};
  for (const name of Object.keys(candidates)) {
    progress(name);
    results[name] = await measure(name, pair);
  }
  return { tables: [errorTable(results), seriesTable(results)], figures: results };
}

async function measure(name: string, pair: { key: string; cert: string }): Promise<Record<string, Compared>> {
  const file = new URL('accuracy-server.ts', import.meta.url);
  const server: AccuracyServer = await ServerProcess.start(file, [name], pair);
  try {
    const compared: Record<string, Compared> = {};
    for (const scenario of scenarios) compared[scenario.name] = await compare(scenario, server);
    return compared;
  } finally {
    server.end();
  }
}

async function compare(scenario: Scenario, server: AccuracyServer): Promise<Compared> {
  let [before, after] = [await settled(server), undefined as Reading | undefined];
  const readings: Reading[] = [];
  const wire = await scenario.run(server.started, async () => void readings.push(await settled(server)));
  // Of two readings the first is where the scenario begins.
  if (readings.length === 2) before = readings[0] as Reading;
  after = readings.at(-1) ?? (await settled(server));
  if (before.in === null && after.others.length > 0) throw new Error(`it counts bytes: ${after.others.join(', ')}`);
  const difference = (way: Way) => (after[way] === null ? null : after[way] - (before[way] as number));
  // The next one begins on a server at rest.
  await settled(server);
  return { wire, told: { in: difference('in'), out: difference('out') }, samplesAdded: after.samples - before.samples };
}

/** Metrics follow a response's end by some turns of the event loop: read until nothing changes. */
async function settled(server: AccuracyServer): Promise<Reading> {
  let last = await server.ask<Reading>('read');
  for (let same = 0; same < 4; ) {
    await setTimeout(20);
    const next = await server.ask<Reading>('read');
    same = next.in === last.in && next.out === last.out ? same + 1 : 0;
    last = next;
  }
  return last;
}

function errorTable(results: Results) {
  const names = Object.keys(results);
  const cell = (name: string, scenario: string, way: Way) => {
    const compared = results[name]?.[scenario] as Compared;
    return formatError(compared.told[way], compared.wire[way]);
  };
  return {
    caption: "Error against the client's socket, in per cent and bytes; `none`: this package has no metric of bytes",
    head: ['scenario', 'on the wire', ...names],
    rows: scenarios.flatMap(({ name: scenario, ways }) =>
      ways.map((way) => [
        `${scenario}: ${way === 'in' ? 'received' : 'sent'}`,
        String(results[names[0] as string]?.[scenario]?.wire[way]),
        ...names.map((name) => cell(name, scenario, way)),
      ]),
    ),
  };
}

function formatError(told: number | null, wire: number): string {
  if (told === null) return 'none';
  const error = told - wire;
  if (error === 0) return '0';
  const sign = error > 0 ? '+' : '−';
  const percent = (Math.abs(error) / wire) * 100;
  return `${sign}${percent < 1 ? percent.toFixed(2) : percent.toFixed(0)} % (${sign}${Math.abs(error)})`;
}

function seriesTable(results: Results) {
  const scenario = '200 paths of a scanner, 404';
  return {
    caption: `Samples that 200 unknown paths add to a scrape`,
    head: Object.keys(results),
    rows: [Object.values(results).map((compared) => String(compared[scenario]?.samplesAdded))],
  };
}

function makeCertificate(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'weighbridge-bench-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const names = ['-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', key, '-out', cert];
  try {
    execFileSync('openssl', ['req', '-x509', ...curve, ...names], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
