import type { Node, NodeState } from '@weighbridge/protocol';
import type { StoreContext } from '../context.ts';
import { defineStatement, json, type Values } from '../database/statement.ts';
import { joinRunning, toNodeState } from './node-state.ts';

const nodeColumns = {
  id: 'text',
  state: 'text',
  queues: 'text[]',
  slots: 'int4',
  slotsUsed: 'int4',
  labels: json<Record<string, string>>(),
  registeredAt: 'timestamptz',
  lastHeartbeatAt: 'timestamptz',
} as const;

const selectNodes = (answeringSeconds: string) => `
  SELECT n.name AS id, ${toNodeState(answeringSeconds)} AS state,
    n.queues, n.slots, coalesce(running.slots, 0)::int AS "slotsUsed", n.labels,
    n.registered_at AS "registeredAt", n.heartbeat_at AS "lastHeartbeatAt"
  FROM weighbridge.nodes n ${joinRunning}
`;

const findNodeByName = defineStatement({
  name: 'find_node_by_name',
  parameters: { name: 'text', answeringSeconds: 'float8' },
  columns: nodeColumns,
  sql: ({ name, answeringSeconds }) => `${selectNodes(answeringSeconds)} WHERE n.name = ${name}`,
});

const listAllNodes = defineStatement({
  name: 'list_all_nodes',
  parameters: { answeringSeconds: 'float8' },
  columns: nodeColumns,
  sql: ({ answeringSeconds }) => `${selectNodes(answeringSeconds)} ORDER BY n.name`,
});

const toNode = (row: Values<typeof nodeColumns>): Node => ({ ...row, state: row.state as NodeState });

export async function findNode({ database, availability }: StoreContext, name: string): Promise<Node | undefined> {
  return (await database.run(findNodeByName, { name, answeringSeconds: availability.seconds })).map(toNode)[0];
}

export async function listNodes({ database, availability }: StoreContext): Promise<Node[]> {
  return (await database.run(listAllNodes, { answeringSeconds: availability.seconds })).map(toNode);
}
