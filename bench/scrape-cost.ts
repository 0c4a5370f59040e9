import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const samples = 22_000;
const scrapes = 20;

/** What one scrape of 22,000 samples costs, as served through each registry: CPU of the thread, and the longest turn. */
export async function scrapeCost(): Promise<void> {
  for (const client of ['@prometheus-io/client', 'prom-client']) {
    const child = fork(fileURLToPath(new URL('scrape-server.ts', import.meta.url)), [client, String(samples)]);
    try {
      await report(client, child);
    } finally {
      child.disconnect();
    }
  }
}

async function report(client: string, child: ChildProcess): Promise<void> {
  const [started] = (await once(child, 'message')) as [{ port: number; samples: number }];
  for (let warm = 0; warm < scrapes; warm++) await scrape(started.port);
  const before = await ask(child, 'cpu');
  for (let time = 0; time < scrapes; time++) await scrape(started.port);
  const cpuMs = ((await ask(child, 'cpu')) - before) / scrapes;
  const textMs = await ask(child, 'text');
  await ask(child, 'turns');
  const turnMs = await shortestOfLongest(child, started.port);
  console.log(
    `${client}: ${started.samples} samples; ${cpuMs.toFixed(1)} ms of CPU a scrape (mean of ${scrapes}), ` +
      `longest turn ${turnMs.toFixed(1)} ms, text() ${textMs.toFixed(1)} ms (best of ${scrapes})`,
  );
}

/** The longest turn of each scrape, and of these the least disturbed. */
async function shortestOfLongest(child: ChildProcess, port: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < scrapes; time++) {
    await ask(child, 'longest');
    await scrape(port);
    best = Math.min(best, await ask(child, 'longest'));
  }
  return best;
}

async function scrape(port: number): Promise<void> {
  await (await fetch(`http://127.0.0.1:${port}/metrics`)).arrayBuffer();
}

async function ask(child: ChildProcess, what: string): Promise<number> {
  child.send(what);
  const [answer] = (await once(child, 'message')) as [number];
  return answer;
}
