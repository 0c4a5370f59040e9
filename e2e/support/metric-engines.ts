import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { vi } from 'vitest';
import { stop } from './cli.ts';
import { freePort } from './free-port.ts';
import { lacksPrograms } from './needs.ts';

/** One series of an answer. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A server that scrapes and answers PromQL, on a free port, with its data in a temporary folder. */
export interface MetricEngine {
  readonly name: string;
  readonly url: string;
  /** An instant query, now or at a moment in Unix seconds. */
  query(promql: string, at?: number): Promise<Series[]>;
  stop(): Promise<void>;
}

/** Files below the folder that the engine is started in. */
type Files = ReadonlyMap<string, string>;

const programs = {
  prometheus: '/usr/bin/prometheus',
  'victoria-metrics': '/usr/bin/victoria-metrics',
  vmalert: '/usr/bin/vmalert',
} as const;

/** Whether a test that needs them must be skipped. */
export function lacksEngines(): boolean {
  return lacksPrograms({
    prometheus: 'prometheus',
    'victoria-metrics': 'victoria-metrics',
    vmalert: 'victoria-metrics',
  });
}

/** Starts Prometheus with the `prometheus.yml` of these files. */
export function startPrometheus(files: Files): Promise<MetricEngine> {
  return startEngine('prometheus', files, '/-/ready', (port) => [
    '--config.file=prometheus.yml',
    '--storage.tsdb.path=data',
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]);
}

/** Starts VictoriaMetrics with the `victoriametrics.yml` of these files. */
export function startVictoriaMetrics(files: Files): Promise<MetricEngine> {
  return startEngine('victoria-metrics', files, '/health', (port) => [
    '-promscrape.config=victoriametrics.yml',
    '-storageDataPath=data',
    `-httpListenAddr=127.0.0.1:${port}`,
    '-loggerLevel=ERROR',
    // Otherwise it hides what is younger than 30 s.
    '-search.latencyOffset=1ms',
    '-search.disableCache',
  ]);
}

/** Starts vmalert, which writes what these files' rules record into VictoriaMetrics. */
export function startRules(files: Files, { url }: MetricEngine): Promise<Pick<MetricEngine, 'stop'>> {
  return startEngine('vmalert', files, '/health', (port) => [
    '-rule=rules/*.rules.yml',
    `-datasource.url=${url}`,
    `-remoteRead.url=${url}`,
    `-remoteWrite.url=${url}`,
    // It insists on one; no alert of these tests fires.
    `-notifier.url=${url}`,
    '-evaluationInterval=1s',
    `-httpListenAddr=127.0.0.1:${port}`,
    '-loggerLevel=ERROR',
  ]);
}

async function startEngine(
  name: keyof typeof programs,
  files: Files,
  healthPath: string,
  args: (port: number) => string[],
): Promise<MetricEngine> {
  const folder = await mkdtemp(join(tmpdir(), `weighbridge-${name}-`));
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(programs[name], args(port), { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const end = async () => {
    await stop(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilHealthy(child, url + healthPath, () => output);
  } catch (error) {
    await end();
    throw error;
  }
  return { name, url, query: (promql, at) => query(url, promql, at), stop: end };
}

async function untilHealthy(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const isHealthy = async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${output()}`);
    return (await fetch(url).catch(() => undefined))?.ok ?? false;
  };
  await vi.waitUntil(isHealthy, { timeout: 15_000, interval: 50 });
}

async function query(url: string, promql: string, at?: number): Promise<Series[]> {
  const body = new URLSearchParams({ query: promql, ...(at !== undefined && { time: String(at) }) });
  const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body });
  const answer = (await response.json()) as Answer;
  if (answer.status !== 'success') throw new Error(`${url} refused ${promql}: ${answer.error}`);
  const { resultType, result } = answer.data;
  // A scalar is a pair of time and value.
  if (resultType === 'scalar') return [{ labels: {}, value: Number(result[1]) }];
  return (result as Vector).map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

type Vector = { metric: Record<string, string>; value: [number, string] }[];
interface Answer {
  status: string;
  error?: string;
  data: { resultType: string; result: Vector & [number, string] };
}
