import type { BenchOptions, Outcome } from './bench.ts';
import { installPeers } from './peers/install.ts';
import { pin } from './pinning.ts';
import { costTable, requestCost, type WorkloadFigures } from './request-cost.ts';
import { workloadsOf } from './workloads.ts';

const kinds = ['none again', 'monitor', 'prom-client by hand'];

/** What the monitor adds to a hello-world request. Server on core 0, load on core 1. */
export async function monitorCost({ quick, hosts, progress }: BenchOptions): Promise<Outcome> {
  const size = quick ? { launches: 2, warmUpMs: 1000, rounds: 10 } : { launches: 6, warmUpMs: 2000, rounds: 40 };
  const workloads = workloadsOf(hosts);
  if (hosts.some((host) => host === 'fastify' || host === 'express')) installPeers(progress);
  pin(process.pid, 1);
  const results: WorkloadFigures[] = [];
  for (const workload of workloads) results.push(await requestCost(workload, kinds, size, progress));
  return { tables: results.map((result) => costTable(result, size)), figures: { ...size, workloads: results } };
}
