import type { BenchOptions, Outcome } from '../bench.ts';
import { pin } from '../pinning.ts';
import { costTable, requestCost, type WorkloadFigures } from '../request-cost.ts';
import { workloads } from '../workloads.ts';
import { installPeers } from './install.ts';

/** Which packages fit which host. */
const kindsOf: Readonly<Record<string, readonly string[]>> = {
  'node:http': ['monitor', 'prom-client by hand', 'OpenTelemetry http'],
  fastify: ['monitor', 'prom-client by hand', 'fastify-metrics', 'OpenTelemetry http'],
  express: [
    'monitor',
    'prom-client by hand',
    'express-prom-bundle',
    'prometheus-api-metrics',
    'swagger-stats',
    'OpenTelemetry http',
  ],
};

/** What each package adds to a hello-world request, measured as ours is. */
export async function peersCost({ quick, hosts, progress }: BenchOptions): Promise<Outcome> {
  const size = quick ? { launches: 1, warmUpMs: 1000, rounds: 10 } : { launches: 4, warmUpMs: 2000, rounds: 30 };
  installPeers(progress);
  pin(process.pid, 1);
  const results: WorkloadFigures[] = [];
  for (const host of hosts.filter((name) => name in kindsOf)) {
    // The first way to ask a host is the common one.
    const workload = workloads.find((each) => each.host === host);
    if (workload) results.push(await requestCost(workload, kindsOf[host] ?? [], size, progress));
  }
  return { tables: results.map((result) => costTable(result, size)), figures: { ...size, workloads: results } };
}
