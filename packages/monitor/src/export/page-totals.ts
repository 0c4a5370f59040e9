import type { BandwidthSnapshot, Directions } from '../snapshot.ts';

/** A monitor's totals as the live page reads them. */
export interface PageTotals {
  at: string;
  connection: Directions;
  endpointsTotal: Directions;
  unattributed: Directions;
  /** The same by reason. */
  unattributedReasons: Record<string, Directions>;
  pending: Directions;
  openConnections: number;
  inFlight: number;
  balanced: boolean;
  endpoints: { method: string; endpoint: string; requestBytes: number; responseBytes: number; exchanges: number }[];
  clients: { client: string; in: number; out: number }[];
}

/** A snapshot without its statuses and reasons: what is sent each second. */
export function toPageTotals(snapshot: BandwidthSnapshot): PageTotals {
  const { at, connection, endpointsTotal, unattributedTotal, pending, open, balanced } = snapshot;
  return {
    at,
    connection,
    endpointsTotal,
    unattributed: unattributedTotal,
    unattributedReasons: snapshot.unattributed,
    pending,
    openConnections: open.connections,
    inFlight: open.exchanges,
    balanced,
    endpoints: snapshot.endpoints.map(({ method, endpoint, requestBytes, exchanges, responses }) => ({
      method,
      endpoint,
      requestBytes,
      responseBytes: responses.reduce((sum, response) => sum + response.bytes, 0),
      exchanges,
    })),
    clients: snapshot.clients,
  };
}
