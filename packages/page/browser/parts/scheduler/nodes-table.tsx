import type { Node, NodeList } from '@weighbridge/protocol';
import { formatAge } from '../../format.ts';
import { usePage } from '../../state/page-context.ts';
import { useAnswer } from '../../state/use-answer.ts';
import { Bar, BytesCell } from '../elements/cells.tsx';
import { ViewLink } from '../elements/view-link.tsx';
import { State } from './job-state.tsx';

const refreshMs = 2000;

/** The machines, and what moved between each and this master. */
export function NodesTable() {
  const { model } = usePage();
  const { data, error } = useAnswer<NodeList>('/nodes', refreshMs);
  const transfers = new Map(model.bandwidth?.nodes.map((transfer) => [transfer.node, transfer]));
  return (
    <section class="card" id="nodes-section" aria-labelledby="nodes-title">
      <div class="title">
        <h2 id="nodes-title">Nodes</h2>
      </div>
      {data && data.nodes.length > 0 && (
        <table class="list nodes" id="nodes">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">State</th>
              <th scope="col">Queues</th>
              <th scope="col">Slots</th>
              {['In', 'Out', 'Heartbeat'].map((name) => (
                <th scope="col" class="number" key={name}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.nodes.map((node) => (
              <NodeRow key={node.id} node={node} transfer={transfers.get(node.id) ?? { in: 0, out: 0 }} />
            ))}
          </tbody>
        </table>
      )}
      {data?.nodes.length === 0 && (
        <p class="empty" id="nodes-empty">
          No node yet. A worker that registers stands here.
        </p>
      )}
      {!data && <p class="empty">{error ?? 'Loading'}</p>}
    </section>
  );
}

interface NodeRowProps {
  readonly node: Node;
  readonly transfer: { readonly in: number; readonly out: number };
}

function NodeRow({ node, transfer }: NodeRowProps) {
  return (
    <tr>
      <th scope="row">
        <ViewLink view={{ name: 'node', node: node.id }}>
          <code>{node.id}</code>
        </ViewLink>
      </th>
      <td>
        <State state={node.state} />
      </td>
      <td data-label="Queues">
        {node.queues.map((queue, index) => (
          <span key={queue}>
            {index > 0 && ', '}
            <ViewLink view={{ name: 'queue', queue }}>{queue}</ViewLink>
          </span>
        ))}
      </td>
      <td class="share" data-label="Slots">
        <Bar filled={node.slotsUsed / node.slots} />
        {node.slotsUsed} of {node.slots}
      </td>
      <BytesCell label="In" bytes={transfer.in} />
      <BytesCell label="Out" bytes={transfer.out} />
      <td class="number" data-label="Heartbeat" title={node.lastHeartbeatAt}>
        {formatAge(Date.now() - Date.parse(node.lastHeartbeatAt))}
      </td>
    </tr>
  );
}
