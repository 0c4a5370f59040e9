import type { Bandwidth } from '@weighbridge/protocol';
import { formatBytes, formatExact, formatRate } from './format.ts';
import type { Rates } from './rate.ts';
import { byId, setText } from './rows.ts';

/** The three figures on top: in, out, open. */
export function showGauges({ connection, openConnections, inFlight }: Bandwidth, rates: Rates | undefined): void {
  for (const direction of ['in', 'out'] as const) {
    setText(byId(`${direction}-rate`), formatRate(rates?.[direction]));
    const total = byId(`${direction}-total`);
    setText(total, `${formatBytes(connection[direction])} since the start`);
    total.title = `${formatExact(connection[direction])} bytes`;
  }
  document.title = `In ${formatRate(rates?.in)}, out ${formatRate(rates?.out)} · Weighbridge`;
  setText(byId('open'), formatExact(openConnections));
  setText(
    byId('in-flight'),
    `${openConnections === 1 ? 'connection' : 'connections'}, ${formatExact(inFlight)} in flight`,
  );
}
