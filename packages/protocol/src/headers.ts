/** Names the node that a request comes from: its bytes count as that node's transfer. */
export const nodeHeader = 'weighbridge-node';

/** `<job id>/<attempt>`: whose cost a blob's transfer is. */
export const attemptHeader = 'weighbridge-attempt';
