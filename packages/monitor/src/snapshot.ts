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

/** An exchange that is under way. */
export interface Transfer {
  /** Stays the same as long as the exchange lasts. */
  id: string;
  method: string;
  /** Absent while it isn't known. */
  endpoint?: string;
  /** Only with `clientOf`. */
  client?: string;
  /** Message bytes so far. */
  in: number;
  out: number;
  /** How long the bodies will be, where their heads say so. */
  requestLength?: number;
  responseLength?: number;
  /** The request itself, where it is in this process; never part of an answer. */
  request?: object;
}

/** What is under way at one moment. */
export interface OpenExchanges {
  /** The largest: by what they have moved, and by what their heads announce. */
  transfers: Transfer[];
  inFlight: { method: string; endpoint: string; count: number }[];
}

/** One endpoint with all that is known of it. */
export interface EndpointDetails extends EndpointSnapshot {
  inFlight: number;
  /** Message bytes by which half, or 95 %, of the exchanges that have ended were at most that large: estimates. */
  requestSizes: SizeQuantiles | undefined;
  responseSizes: SizeQuantiles | undefined;
  /** Who moved its bytes, most first; only with `clientOf`. */
  clients: { client: string; in: number; out: number }[];
}

export interface SizeQuantiles {
  p50: number;
  p95: number;
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
