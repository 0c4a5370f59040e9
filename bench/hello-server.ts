import type { AddressInfo } from 'node:net';
import { monitorBandwidth, setEndpoint } from '@weighbridge/monitor';
import { hosts, type Instruments } from './hosts.ts';
import { optimizeTicks } from './optimized-ticks.ts';
import { candidates } from './peers/candidates.ts';
import { promClientByHand } from './prom-client-by-hand.ts';

/** One server of a comparison, in a process of its own: `node hello-server.ts HOST none|monitor|PACKAGE`. */
const [, , host = '', kind = ''] = process.argv;
const server = await hosts[host]?.(instruments());
if (!server) throw new Error(`host must be one of ${Object.keys(hosts).join(', ')}, got '${host}'`);
server.keepAliveTimeout = 0;
await optimizeTicks();
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicros: user + system, activeMs: performance.eventLoopUtilization().active });
});
process.on('disconnect', () => process.exit());

function instruments(): Instruments {
  if (kind === 'none' || kind === 'none again') return {};
  if (kind === 'prom-client by hand') return { byHand: promClientByHand() };
  if (kind === 'monitor') {
    monitorBandwidth();
    return { nameEndpoint: setEndpoint };
  }
  const candidate = candidates[kind]?.();
  if (!candidate) throw new Error(`kind must be none, monitor or a package of bench/peers, got '${kind}'`);
  candidate.install?.();
  return { candidate };
}
