/** Bytes by direction; `in` was received by the server, `out` sent. */
export interface Directions {
  in: number;
  out: number;
}

/** Why bytes belong to no exchange. */
export const unattributedReasons = [
  'tls_handshake',
  'tls_failure',
  'malformed',
  'timeout',
  'idle',
  'http2_session',
  'other',
] as const;
export type UnattributedReason = (typeof unattributedReasons)[number];

/** Totals of all connections, open and closed: the ledger alone doesn't hold those that are open. */
export interface ConnectionTotals {
  readonly connection: Directions;
  /** Of it, bytes of open connections that are under no label yet. */
  readonly pending: Directions;
  readonly exchanges: number;
  readonly connections: number;
}

/** One method and endpoint. */
export interface EndpointSnapshot {
  method: string;
  endpoint: string;
  /** Message bytes received; grows while a request is read. */
  requestBytes: number;
  /** Exchanges ended. */
  exchanges: number;
  /** Of these, ended before request and response were complete. */
  aborted: number;
  responses: { status: string; bytes: number; exchanges: number }[];
}

/**
 * All that a monitor knows at one moment, taken in one turn of the event loop. Plain JSON.
 *
 * `endpointsTotal + unattributedTotal + pending = connection` in each direction; `balanced` says whether it holds.
 */
export interface BandwidthSnapshot {
  /** ISO 8601. */
  at: string;
  /** What all sockets moved since the start, as the kernel took or gave it. */
  connection: Directions;
  endpoints: EndpointSnapshot[];
  endpointsTotal: Directions;
  unattributed: Record<UnattributedReason, Directions>;
  unattributedTotal: Directions;
  /** Moved on open connections, endpoint or status not known yet. */
  pending: Directions;
  /** Raw minus plaintext, part of the above. */
  tlsOverhead: Directions;
  open: { connections: number; exchanges: number };
  /** By client, only with `clientOf`. */
  clients: { client: string; in: number; out: number }[];
  balanced: boolean;
}
