import type { Bandwidth } from '@weighbridge/protocol';

const start = Date.parse('2026-03-01T12:00:00.000Z');

/** When a snapshot `seconds` after the start was taken. */
export function at(seconds: number): string {
  return new Date(start + seconds * 1000).toISOString();
}

/** A snapshot whose books balance: connection bytes are the sum of what is given. */
export function bandwidth(
  seconds: number,
  endpoints: [string, number, number, number?][],
  more: Partial<Bandwidth> = {},
): Bandwidth {
  const lines = endpoints.map(([name, requestBytes, responseBytes, exchanges = 1]) => {
    const [method = '', endpoint = ''] = name.split(' ');
    return { method, endpoint, requestBytes, responseBytes, exchanges };
  });
  const endpointsTotal = {
    in: lines.reduce((sum, line) => sum + line.requestBytes, 0),
    out: lines.reduce((sum, line) => sum + line.responseBytes, 0),
  };
  const unattributed = { in: 517, out: 2048 };
  const pending = { in: 1024, out: 96 };
  return {
    at: at(seconds),
    connection: { in: endpointsTotal.in + 517 + 1024, out: endpointsTotal.out + 2048 + 96 },
    endpointsTotal,
    unattributed,
    unattributedReasons: { idle: unattributed },
    pending,
    openConnections: 6,
    inFlight: 3,
    balanced: true,
    endpoints: lines,
    clients: [],
    nodes: [],
    ...more,
  };
}
