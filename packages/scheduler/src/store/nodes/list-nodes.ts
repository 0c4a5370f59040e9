import { liveness, type Node, type NodeState } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement, json, type Values } from '../database/statement.ts';

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

const selectNodes = `
  SELECT n.name AS id,
    CASE WHEN n.stopped_at IS NOT NULL THEN 'stopped'
      WHEN n.heartbeat_at < now() - ${liveness.leaseSeconds} * interval '1 second' THEN 'lost'
      WHEN n.draining THEN 'draining' ELSE 'ready' END AS state,
    n.queues, n.slots, coalesce(used.slots, 0)::int AS "slotsUsed", n.labels,
    n.registered_at AS "registeredAt", n.heartbeat_at AS "lastHeartbeatAt"
  FROM weighbridge.nodes n
  LEFT JOIN LATERAL (
    SELECT sum(a.slots) AS slots FROM weighbridge.attempts a WHERE a.node = n.name AND a.outcome IS NULL
  ) used ON true
`;

const findNodeByName = defineStatement({
  name: 'find_node_by_name',
  parameters: { name: 'text' },
  columns: nodeColumns,
  sql: ({ name }) => `${selectNodes} WHERE n.name = ${name}`,
});

const listAllNodes = defineStatement({
  name: 'list_all_nodes',
  parameters: {},
  columns: nodeColumns,
  sql: () => `${selectNodes} ORDER BY n.name`,
});

const toNode = (row: Values<typeof nodeColumns>): Node => ({ ...row, state: row.state as NodeState });

export async function findNode(on: Queryable, name: string): Promise<Node | undefined> {
  return (await on.run(findNodeByName, { name })).map(toNode)[0];
}

export async function listNodes(on: Queryable): Promise<Node[]> {
  return (await on.run(listAllNodes, {})).map(toNode);
}
