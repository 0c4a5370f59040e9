import type { BandwidthSnapshot, Directions } from '../snapshot.ts';

/**
 * What is missing from the books, by direction: connection - (endpoints + unattributed + pending). Zero when they
 * balance; above zero bytes were dropped, below it counted twice.
 */
export function imbalance(
  books: Pick<BandwidthSnapshot, 'connection' | 'endpointsTotal' | 'unattributedTotal' | 'pending'>,
): Directions {
  const of = (way: 'in' | 'out') =>
    books.connection[way] - books.endpointsTotal[way] - books.unattributedTotal[way] - books.pending[way];
  return { in: of('in'), out: of('out') };
}
