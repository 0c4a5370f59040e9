import type { Server } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import type { ConnectionLimit } from '@weighbridge/protocol';

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Of IPv6 from one /64, which is what one machine has. */
  readonly maxConnectionsPerAddress: number;
  /** All connections come from one address: then there is no limit for one. */
  readonly tlsTerminatedUpstream: boolean;
}

/** Closes what is over the limits at once, before a byte of it is read. */
export function limitConnections(
  server: Server,
  { maxConnections, maxConnectionsPerAddress, tlsTerminatedUpstream }: ConnectionLimits,
  onRefused: (limit: ConnectionLimit) => void,
): void {
  server.maxConnections = maxConnections;
  server.on('drop', () => onRefused('total'));
  if (!tlsTerminatedUpstream) limitByAddress(server, maxConnectionsPerAddress, () => onRefused('address'));
}

function limitByAddress(server: Server, limit: number, onRefused: () => void): void {
  const open = new Map<string, number>();
  server.prependListener('connection', (socket: Socket) => {
    const address = toNetwork(socket.remoteAddress ?? '');
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    if (count <= limit) return;
    onRefused();
    socket.destroy();
  });
}

/** An IPv4 address as it is, also one that is mapped into IPv6; of another IPv6 address its /64. */
export function toNetwork(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail = ''] = (address.split('%', 1)[0] ?? '').split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
