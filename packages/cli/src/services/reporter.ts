import { relative } from 'node:path';
import type { MasterInfo, WorkerEvent, WorkerInfo } from '@weighbridge/scheduler';
import { printJson, printLine, visible } from '../terminal/output.ts';
import { version } from '../version.ts';
import { formatWorkerEvent } from '../words/worker-words.ts';

/** Tells what a long-running command does: lines for people, or one JSON object a line. */
export interface Reporter {
  starting(): void;
  master(info: MasterInfo): void;
  worker(info: WorkerInfo): void;
  workerEvent(event: Exclude<WorkerEvent, { type: 'started' }>): void;
  /** The worker inside `up` has ended, and is started again after a while. */
  workerFailed(error: string, againMs: number): void;
  ready(): void;
  stopping(signal: string): void;
  stopped(): void;
}

export function createReporter(json: boolean): Reporter {
  return json ? jsonReporter : lineReporter;
}

const jsonReporter: Reporter = {
  starting: () => printJson({ event: 'starting', version }),
  master: (info) => {
    const { apiUrl, pageUrl, store, tokenPath, series } = info;
    printJson({ event: 'listening', apiUrl, pageUrl, metricsUrl: scrapeUrl(info) });
    printJson({ event: 'store', kind: store.kind, durable: store.durable });
    printJson({ event: 'token', ...(tokenPath === undefined ? { from: 'WEIGHBRIDGE_TOKEN' } : { path: tokenPath }) });
    printJson({ event: 'bandwidth-monitoring', enabled: true, ...(series && { series }) });
  },
  worker: ({ name, slots, queues, allow }) => printJson({ event: 'worker', name, slots, queues, allow }),
  workerEvent: ({ type, ...more }) => printJson({ event: `worker-${type}`, ...more }),
  workerFailed: (error, againMs) => printJson({ event: 'worker-failed', error, againSeconds: againMs / 1000 }),
  ready: () => printJson({ event: 'ready' }),
  stopping: (reason) => printJson({ event: 'stopping', reason }),
  stopped: () => printJson({ event: 'stopped' }),
};

const lineReporter: Reporter = {
  starting: () => printLine(`Weighbridge ${version} starts …`),
  master: (info) => {
    const { apiUrl, pageUrl, store, token, tokenPath, series } = info;
    printLine(`  API      ${apiUrl}`);
    printLine(`  Page     ${pageUrl}`);
    // It signs in, so it is for the eyes at a terminal, and for no log.
    if (process.stdout.isTTY) printLine(`  Sign in  ${pageUrl}#token=${encodeURIComponent(token)}`);
    printLine(`  Metrics  ${scrapeUrl(info)}`);
    printLine(`  Store    ${store.kind}; ${durability(store.durable)}`);
    printLine(`  Token    ${tokenPath === undefined ? 'from WEIGHBRIDGE_TOKEN' : shortPath(tokenPath)}`);
    printLine('✓ Bandwidth monitoring enabled');
    if (series)
      printLine(`  Series   ${samples(series.known)} for the known routes, ${samples(series.worstCase)} at worst`);
  },
  worker: ({ name, slots, queues, allow }) => {
    printLine(`  Worker   ${name}: ${slots} ${slots === 1 ? 'slot' : 'slots'}, queues ${queues.join(', ')}`);
    printLine(`  Allowed  ${allow.length > 0 ? allow.join(', ') : 'no command; name some with --allow'}`);
  },
  workerEvent: (event) => printLine(`${clock()} ${visible(formatWorkerEvent(event))}`),
  workerFailed: (error, againMs) => printLine(`${clock()} ${visible(formatFailure(error, againMs))}`),
  ready: () => printLine('Ready. Ctrl-C stops it.'),
  stopping: (reason) => printLine(`${clock()} ${reason}: stopping …`),
  stopped: () => printLine(`${clock()} Stopped.`),
};

function scrapeUrl({ metricsUrl }: MasterInfo): string {
  return `${metricsUrl}/metrics`;
}

function durability(durable: boolean): string {
  return durable ? 'survives a power cut' : 'survives a crash, but a power cut may lose the latest jobs';
}

function samples(count: number): string {
  return `${count.toLocaleString('en')} samples`;
}

function formatFailure(error: string, againMs: number): string {
  return `The worker does not run: ${error}. It is started again in ${againMs / 1000} s; the master goes on.`;
}

function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function clock(): string {
  return new Date().toISOString().slice(11, 19);
}
