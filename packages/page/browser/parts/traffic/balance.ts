import type { Bandwidth } from '@weighbridge/protocol';
import { formatExact } from '../../format.ts';

/** One snapshot's totals. */
export type Totals = Pick<Bandwidth, 'connection' | 'endpointsTotal' | 'unattributed' | 'pending'>;

/** By how many bytes connection bytes exceed what they are attributed to: 0 when the books balance. */
function missingBytes(books: Totals, direction: 'in' | 'out'): number {
  const { connection, endpointsTotal, unattributed, pending } = books;
  return connection[direction] - endpointsTotal[direction] - unattributed[direction] - pending[direction];
}

/** In a sentence: do they balance, and if not, by how much? */
export function describeBalance(books: Totals): { balanced: boolean; text: string } {
  const inwards = missingBytes(books, 'in');
  const outwards = missingBytes(books, 'out');
  if (inwards === 0 && outwards === 0) return { balanced: true, text: 'balanced to the byte' };
  return { balanced: false, text: `off by ${formatExact(inwards)} in and ${formatExact(outwards)} out` };
}
