import type { BandwidthSnapshot, Directions } from '../snapshot.ts';

/**
 * What is missing from the totals, by direction: connection - (endpoints + unattributed + pending). Zero when they
 * balance; above zero bytes were dropped, below it counted twice.
 */
export function imbalance(
  totals: Pick<BandwidthSnapshot, 'connection' | 'endpointsTotal' | 'unattributedTotal' | 'pending'>,
): Directions {
  const of = (way: 'in' | 'out') =>
    totals.connection[way] - totals.endpointsTotal[way] - totals.unattributedTotal[way] - totals.pending[way];
  return { in: of('in'), out: of('out') };
}
