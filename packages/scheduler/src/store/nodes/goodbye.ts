import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import { assertSession } from './session.ts';

const stopNode = defineStatement({
  name: 'stop_node',
  parameters: { name: 'text', session: 'uuid' },
  columns: { name: 'text' },
  sql: ({ name, session }) =>
    `UPDATE weighbridge.nodes SET stopped_at = now() WHERE name = ${name} AND session = ${session} RETURNING name`,
});

/** @throws ProblemError `not-found` or `stale-session`. */
export async function goodbye(on: Queryable, name: string, session: string): Promise<void> {
  const [row] = await on.run(stopNode, { name, session });
  if (!row) await assertSession(on, name);
}
