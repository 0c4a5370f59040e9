import { type Static, Type } from 'typebox';

const Directions = Type.Object({ in: Type.Number(), out: Type.Number() });

/** What `GET /bandwidth` answers, and each `data:` of `GET /bandwidth/stream`. Bytes since the master's start. */
export const Bandwidth = Type.Object({
  /** When it was taken, ISO 8601. */
  at: Type.String(),
  connection: Directions,
  endpointsTotal: Directions,
  unattributed: Directions,
  /** The same by reason. */
  unattributedReasons: Type.Record(Type.String(), Directions),
  pending: Directions,
  openConnections: Type.Integer(),
  inFlight: Type.Integer(),
  balanced: Type.Boolean(),
  endpoints: Type.Array(
    Type.Object({
      method: Type.String(),
      endpoint: Type.String(),
      requestBytes: Type.Number(),
      responseBytes: Type.Number(),
      exchanges: Type.Number(),
    }),
  ),
  /** Of clients, which are nodes on a master. */
  clients: Type.Array(Type.Object({ client: Type.String(), in: Type.Number(), out: Type.Number() })),
  nodes: Type.Array(Type.Object({ node: Type.String(), in: Type.Number(), out: Type.Number() })),
});
export type Bandwidth = Static<typeof Bandwidth>;

/** The first event of `GET /bandwidth/stream`, of type `service`. */
export interface ServiceInfo {
  name: string;
  /** When it started, Unix time in ms. */
  startedMs: number;
  hasScheduler: boolean;
  /** Endpoints that the page itself asks, where they are monitored. */
  ownEndpoints: string[];
}

const Resolution = Type.Enum(['second', 'minute']);

/** What `GET /bandwidth/history` answers, and the `history` event of `GET /bandwidth/stream`. */
export const BandwidthHistory = Type.Object({
  resolution: Resolution,
  starts: Type.Array(Type.Number(), { description: 'When processes of this service started, Unix time in ms' }),
  points: Type.Array(Type.Array(Type.Union([Type.Number(), Type.Null()])), {
    description:
      'Oldest first: [at, lengthMs, in, out, ownIn, ownOut], of minutes also the lowest and highest rate of a second, ' +
      '[…, lowestIn, highestIn, lowestOut, highestOut]; of one endpoint, client or reason [at, lengthMs, in, out], with ' +
      'null where that is no longer known',
  }),
});
export type BandwidthHistory = Static<typeof BandwidthHistory>;

const Moved = { in: Type.Number(), out: Type.Number() };

const Sizes = Type.Object({ p50: Type.Number(), p95: Type.Number() });

/** What `GET /bandwidth/endpoint` answers. Sizes are message bytes, estimated from histograms. */
export const BandwidthEndpoint = Type.Object({
  method: Type.String(),
  endpoint: Type.String(),
  requestBytes: Type.Number(),
  exchanges: Type.Number(),
  /** Of these, ended before request and response were complete. */
  aborted: Type.Number(),
  responses: Type.Array(Type.Object({ status: Type.String(), bytes: Type.Number(), exchanges: Type.Number() })),
  inFlight: Type.Number(),
  requestSizes: Type.Optional(Sizes),
  responseSizes: Type.Optional(Sizes),
  clients: Type.Array(Type.Object({ client: Type.String(), in: Type.Number(), out: Type.Number() })),
});
export type BandwidthEndpoint = Static<typeof BandwidthEndpoint>;

/** What `GET /bandwidth/transfers` answers: the largest exchanges that are under way, of at least 10 kB. */
export const BandwidthTransfers = Type.Object({
  transfers: Type.Array(
    Type.Object({
      /** Stays the same as long as the exchange lasts. */
      id: Type.String(),
      method: Type.String(),
      /** Absent while it isn't known. */
      endpoint: Type.Optional(Type.String()),
      /** On a master a node. */
      client: Type.Optional(Type.String()),
      /** Whose files, log or result it moves. */
      job: Type.Optional(Type.String()),
      in: Type.Number(),
      out: Type.Number(),
      /** How long the bodies will be, where their heads say so. */
      requestLength: Type.Optional(Type.Number()),
      responseLength: Type.Optional(Type.Number()),
      /** Bytes per second in the direction that moves more; absent at first. */
      rate: Type.Optional(Type.Number()),
      secondsLeft: Type.Optional(Type.Number()),
    }),
  ),
});
export type BandwidthTransfers = Static<typeof BandwidthTransfers>;

/** What `GET /bandwidth/window` answers: what moved between two moments, most first. */
export const BandwidthWindow = Type.Object({
  /** Of the points that the window holds, Unix time in ms. */
  from: Type.Number(),
  to: Type.Number(),
  resolution: Resolution,
  ...Moved,
  own: Directions,
  /** From here on what follows is complete. */
  knownFrom: Type.Number(),
  endpoints: Type.Array(Type.Object({ method: Type.String(), endpoint: Type.String(), ...Moved })),
  clients: Type.Array(Type.Object({ client: Type.String(), ...Moved })),
  unattributed: Type.Array(Type.Object({ reason: Type.String(), ...Moved })),
});
export type BandwidthWindow = Static<typeof BandwidthWindow>;
