import type { BenchOptions, Outcome } from './bench.ts';
import { installPeers } from './peers/install.ts';
import { pin } from './pinning.ts';
import { costTable, type HostFigures, requestCost } from './request-cost.ts';

const kinds = ['none again', 'monitor', 'prom-client by hand'];

/** What the monitor adds to a hello-world request. Server on core 0, load on core 1. */
export async function monitorCost({ quick, hosts, progress }: BenchOptions): Promise<Outcome> {
  const size = quick
    ? { launches: 2, warmUpMs: 1000, rounds: 10, sliceMs: 100 }
    : { launches: 12, warmUpMs: 2000, rounds: 40, sliceMs: 100 };
  if (hosts.some((host) => host !== 'node:http')) installPeers(progress);
  pin(process.pid, 1);
  const results: HostFigures[] = [];
  for (const host of hosts) results.push(await requestCost(host, kinds, size, progress));
  return { tables: results.map((result) => costTable(result, size)), figures: { ...size, hosts: results } };
}
