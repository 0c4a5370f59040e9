import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from '@weighbridge/protocol';
import { medianInterval, quantile } from './statistics.ts';

const token = 'bench-token';

interface Started {
  jobId: string;
  atMs: number;
}

/** From `POST /jobs` to the command's start on an idle worker, through the HTTP API and the embedded store. */
export async function submitToStart({ jobs = 200 } = {}): Promise<void> {
  await withMaster(async (client, url) => {
    const worker = start('worker', url, token);
    try {
      await once(worker, 'message');
      for (let warm = 0; warm < 20; warm++) await timeOne(client, worker);
      const times: number[] = [];
      while (times.length < jobs) times.push(await timeOne(client, worker));
      const { median, low, high } = medianInterval(times);
      console.log(
        `submit to start: median ${median.toFixed(1)} ms [${low.toFixed(1)}, ${high.toFixed(1)}], ` +
          `p99 ${quantile(times, 0.99).toFixed(1)} ms, of ${jobs} jobs, one at a time, idle worker`,
      );
    } finally {
      await ended(worker);
    }
  });
}

/** How long the master's event loop stands still while the embedded store works as hard as it can. */
export async function embeddedStalls({ seconds = 10, inFlight = 16 } = {}): Promise<void> {
  await withMaster(async (client, _url, master) => {
    const submitters = new AbortController();
    let submitted = 0;
    const submit = async () => {
      while (!submitters.signal.aborted) {
        await client.submit({ command: 'true' });
        submitted++;
      }
    };
    const all = Array.from({ length: inFlight }, submit);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    master.send('begin');
    const before = submitted;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const rate = (submitted - before) / seconds;
    master.send('end');
    const [{ longestMs, p99Ms }] = (await once(master, 'message')) as [{ longestMs: number; p99Ms: number }];
    submitters.abort();
    await Promise.all(all);
    console.log(
      `event loop at full load of the embedded store: longest stall ${longestMs.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, ` +
        `over ${seconds} s of ${rate.toFixed(0)} submits/s, ${inFlight} in flight`,
    );
  });
}

async function timeOne(client: Client, worker: ChildProcess): Promise<number> {
  const began = performance.timeOrigin + performance.now();
  const started = once(worker, 'message') as Promise<[Started]>;
  const { id } = await client.submit({ command: 'true' });
  const [{ jobId, atMs }] = await started;
  if (jobId !== id) throw new Error(`job ${jobId} started, ${id} was submitted`);
  return atMs - began;
}

async function withMaster(run: (client: Client, url: string, master: ChildProcess) => Promise<void>): Promise<void> {
  const master = start('master', '', token);
  try {
    const [{ url }] = (await once(master, 'message')) as [{ url: string }];
    await run(new Client({ url, token }), url, master);
  } finally {
    await ended(master);
  }
}

function start(...args: string[]): ChildProcess {
  return fork(fileURLToPath(new URL('scheduler-process.ts', import.meta.url)), args);
}

async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}
