import type { Outcome } from '../perform.ts';
import { type Amount, holds } from '../scenario.ts';
import type { TcpPayload } from './tcp-payload.ts';

/** Most that a server's kernel holds for a client that doesn't read: what a reset can drop. */
const sendBufferBytes = 8_000_000;

/** Where the monitor's totals contradict what crossed the wire. */
export function wireFaults({ ports, connection, wire }: Outcome, payload: TcpPayload): string[] {
  if (wire === 'none') return [];
  const seen = payload.of(ports);
  // A reset drops what nobody had read, and what was queued to be sent.
  const expected: Record<'in' | 'out', Amount> =
    wire === 'exact' ? seen : { in: [0, seen.in], out: [seen.out, seen.out + sendBufferBytes] };
  return (['in', 'out'] as const)
    .filter((way) => !holds(expected[way], connection[way]))
    .map(
      (way) => `${way}: the wire carried ${[expected[way]].flat().join(' to ')}, the monitor says ${connection[way]}`,
    );
}
