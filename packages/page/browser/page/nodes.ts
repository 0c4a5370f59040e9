import type { Bandwidth, Node, NodeList, NodeState } from '@weighbridge/protocol';
import { formatAge, formatBytes, formatExact } from './format.ts';
import { byId, Rows, setText } from './rows.ts';

type Transfer = Bandwidth['nodes'][number];
type NodeLine = Node & { transfer: Transfer };

const looks: Record<NodeState, 'good' | 'busy' | 'bad' | 'idle'> = {
  ready: 'good',
  draining: 'busy',
  silent: 'busy',
  lost: 'bad',
  stopped: 'idle',
};

/** The machines, and what moved between each and this master. */
export class NodeTable {
  readonly #rows = new Rows<NodeLine>('nodes', 'node-row', (node) => node.id, nodeFields);
  #list: NodeList | undefined;
  #transfers: readonly Transfer[] = [];

  /** Takes the list; `undefined` where there is no scheduler: then the section is not there. */
  show(list: NodeList | undefined): void {
    this.#list = list;
    byId('nodes-section').hidden = list === undefined;
    this.#draw();
  }

  showTransfers(transfers: readonly Transfer[]): void {
    this.#transfers = transfers;
    this.#draw();
  }

  #draw(): void {
    const list = this.#list;
    if (!list) return;
    const byNode = new Map(this.#transfers.map((transfer) => [transfer.node, transfer]));
    this.#rows.show(
      list.nodes.map((node) => ({ ...node, transfer: byNode.get(node.id) ?? { node: node.id, in: 0, out: 0 } })),
    );
    byId('nodes').hidden = list.nodes.length === 0;
    byId('nodes-empty').hidden = list.nodes.length > 0;
    setText(byId('nodes-empty'), 'No node yet. A worker that registers stands here.');
  }
}

function nodeFields(node: NodeLine) {
  const { transfer } = node;
  return {
    node: node.id,
    state: { text: node.state, look: looks[node.state] },
    queues: node.queues.join(', '),
    slots: `${node.slotsUsed} of ${node.slots}`,
    bar: { text: '', fill: node.slotsUsed / node.slots },
    in: { text: formatBytes(transfer.in), title: `${formatExact(transfer.in)} bytes` },
    out: { text: formatBytes(transfer.out), title: `${formatExact(transfer.out)} bytes` },
    heartbeat: { text: formatAge(Date.now() - Date.parse(node.lastHeartbeatAt)), title: node.lastHeartbeatAt },
  };
}
