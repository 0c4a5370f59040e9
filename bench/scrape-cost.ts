import type { BenchOptions, Outcome } from './bench.ts';
import { pin } from './pinning.ts';
import { ServerProcess } from './server-process.ts';
import { median } from './statistics.ts';

type ScrapeServer = ServerProcess<{ port: number }>;
const samples = 22_000;
const candidates = [
  { name: 'the monitor in a registry of @prometheus-io/client', what: 'monitor', client: '@prometheus-io/client' },
  { name: 'the monitor in a registry of prom-client', what: 'monitor', client: 'prom-client' },
  { name: '@prometheus-io/client by hand', what: 'by-hand', client: '@prometheus-io/client' },
  { name: 'prom-client by hand', what: 'by-hand', client: 'prom-client' },
] as const;

interface ScrapeFigures {
  samples: number;
  bytes: number;
  /** CPU of the process for one scrape as served. */
  bestCpuMs: number;
  medianCpuMs: number;
  /** The longest turn of the event loop during one scrape. */
  bestTurnMs: number;
  medianTurnMs: number;
  /** `monitor.text()`, or the registry's text, in all. */
  bestTextMs: number;
}

/**
 * What one scrape of 22,000 samples costs, as served on `/metrics`: CPU of the process, and the longest turn. Best of
 * many, because what disturbs a scrape on a shared machine only adds; medians beside it.
 */
export async function scrapeCost({ quick, progress }: BenchOptions): Promise<Outcome> {
  pin(process.pid, 1);
  const scrapes = quick ? 20 : 100;
  const figures: Record<string, ScrapeFigures> = {};
  for (const { name, what, client } of candidates) {
    progress(name);
    const file = new URL('scrape-server.ts', import.meta.url);
    const server: ScrapeServer = await ServerProcess.start(file, [what, client, String(samples)]);
    try {
      figures[name] = await measure(server, scrapes);
    } finally {
      server.end();
    }
  }
  return { tables: [tableOf(figures, scrapes)], figures: { scrapes, ...figures } };
}

function tableOf(figures: Record<string, ScrapeFigures>, scrapes: number) {
  return {
    caption: `One scrape as served over HTTP: best of ${scrapes}, in brackets the median`,
    head: ['', 'samples', 'bytes', 'CPU, ms', 'longest turn of the event loop, ms', 'its text alone, ms'],
    rows: Object.entries(figures).map(([name, one]) => [
      name,
      String(one.samples),
      String(one.bytes),
      `${one.bestCpuMs.toFixed(1)} (${one.medianCpuMs.toFixed(1)})`,
      `${one.bestTurnMs.toFixed(1)} (${one.medianTurnMs.toFixed(1)})`,
      one.bestTextMs.toFixed(1),
    ]),
  };
}

async function measure(server: ScrapeServer, scrapes: number): Promise<ScrapeFigures> {
  const { port } = server.started;
  for (let warm = 0; warm < 20; warm++) await scrape(port);
  const cpu: number[] = [];
  for (let time = 0; time < scrapes; time++) {
    const before = await server.ask('cpu');
    await scrape(port);
    cpu.push((await server.ask('cpu')) - before);
  }
  const bestTextMs = await server.ask('text');
  const turns = await longestTurns(server, port, scrapes);
  const text = await scrape(port);
  return {
    samples: text.toString().match(/^[^#\n]/gm)?.length ?? 0,
    bytes: text.length,
    bestCpuMs: Math.min(...cpu),
    medianCpuMs: median(cpu),
    bestTurnMs: Math.min(...turns),
    medianTurnMs: median(turns),
    bestTextMs,
  };
}

async function longestTurns(server: ScrapeServer, port: number, scrapes: number): Promise<number[]> {
  await server.ask('turns');
  const turns: number[] = [];
  for (let time = 0; time < scrapes; time++) {
    await server.ask('longest');
    await scrape(port);
    turns.push(await server.ask('longest'));
  }
  return turns;
}

async function scrape(port: number): Promise<Buffer> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  if (!response.ok) throw new Error(`a scrape was answered with ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
