import { ProblemError } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement } from '../database/statement.ts';

const setDraining = defineStatement({
  name: 'set_draining',
  parameters: { name: 'text', draining: 'bool' },
  columns: { name: 'text', sent: 'int4' },
  sql: ({ name, draining }) => `
    WITH node AS (
      UPDATE weighbridge.nodes SET draining = ${draining} WHERE name = ${name} RETURNING name, queues
    ),
    announced AS (
      -- A resumed node may take what waits; what a drained one kept its slots for may go to another.
      SELECT ${notify('ready', 'served.queue')} FROM (SELECT DISTINCT unnest(queues) AS queue FROM node) served
    )
    SELECT node.name, (SELECT count(*) FROM announced)::int AS sent FROM node
  `,
});

/** Whether a node is given further jobs. What it runs goes on. @throws ProblemError `not-found`. */
export async function drainNode(on: Queryable, name: string, draining: boolean): Promise<void> {
  const [row] = await on.run(setDraining, { name, draining });
  if (!row) throw new ProblemError('not-found', `there is no node ${name}`);
}
