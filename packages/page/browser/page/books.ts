import { describeBalance, type Totals } from './balance.ts';
import { formatExact } from './format.ts';
import { byId, setText } from './rows.ts';

/** connection = endpoints + unattributed + pending, every digit, and whether it holds. */
export function showBooks(books: Totals): void {
  for (const [index, direction] of (['in', 'out'] as const).entries()) {
    const row = byId<HTMLTableElement>('books').tBodies[0]?.rows[index];
    const figures = [books.connection, books.endpointsTotal, books.unattributed, books.pending];
    for (const [column, figure] of figures.entries()) {
      const cell = row?.cells[column + 1];
      if (cell) setText(cell, formatExact(figure[direction]));
    }
  }
  const { balanced, text } = describeBalance(books);
  const badge = byId('balance');
  badge.dataset.look = balanced ? 'good' : 'bad';
  setText(badge, text);
}
