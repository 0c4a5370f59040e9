import type { AddressInfo } from 'node:net';
import { monitorBandwidth } from '@weighbridge/monitor';
import { hosts } from './hosts.ts';
import { promClientByHand } from './prom-client-by-hand.ts';

/** One server of a comparison, in a process of its own: `node hello-server.ts HOST none|none-again|monitor|prom-client`. */
const [, , host = '', kind] = process.argv;
if (kind === 'monitor') monitorBandwidth();
const server = await hosts[host]?.(kind === 'prom-client' ? promClientByHand() : undefined);
if (!server) throw new Error(`host must be one of ${Object.keys(hosts).join(', ')}, got '${host}'`);
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => {
  process.send?.({ processMicros: total(process.cpuUsage()), threadMicros: total(process.threadCpuUsage()) });
});
process.on('disconnect', () => process.exit());

function total({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
