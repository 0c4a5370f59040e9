import { ProblemError } from '@weighbridge/protocol';
import type { StoreContext } from '../context.ts';
import { defineStatement } from '../database/statement.ts';
import { findNode } from './list-nodes.ts';
import { joinRunning, toNodeState } from './node-state.ts';

const deleteGoneNode = defineStatement({
  name: 'delete_gone_node',
  parameters: { name: 'text', answeringSeconds: 'float8' },
  columns: { name: 'text' },
  sql: ({ name, answeringSeconds }) => `
    DELETE FROM weighbridge.nodes d
    USING weighbridge.nodes n ${joinRunning}
    WHERE d.name = n.name AND d.session = n.session
      AND n.name = ${name} AND ${toNodeState(answeringSeconds)} IN ('stopped', 'lost')
    RETURNING d.name
  `,
});

/** Deletes the record of a node whose worker is gone. @throws ProblemError `not-found` or `node-in-use`. */
export async function deleteNode(context: StoreContext, name: string): Promise<void> {
  const { database, availability } = context;
  const [row] = await database.run(deleteGoneNode, { name, answeringSeconds: availability.seconds });
  if (row) return;
  const node = await findNode(context, name);
  if (!node) throw new ProblemError('not-found', `there is no node ${name}`);
  throw new ProblemError(
    'node-in-use',
    `node ${name} is ${node.state}, and only a node that is stopped or lost can be deleted: stop its worker first`,
  );
}
