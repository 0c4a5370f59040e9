import { ProblemError } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';

const findNodeName = defineStatement({
  name: 'find_node_name',
  parameters: { name: 'text' },
  columns: { name: 'text' },
  sql: ({ name }) => `SELECT name FROM weighbridge.nodes WHERE name = ${name}`,
});

/** Says why a statement found no node of this name and session. @throws ProblemError `not-found` or `stale-session`. */
export async function assertSession(on: Queryable, name: string): Promise<never> {
  const [other] = await on.run(findNodeName, { name });
  if (other) throw new ProblemError('stale-session', `another worker has taken the name ${name}`);
  throw new ProblemError('not-found', `there is no node ${name}; register it first`);
}
