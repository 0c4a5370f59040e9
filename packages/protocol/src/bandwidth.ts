import { type Static, Type } from 'typebox';

const Directions = Type.Object({ in: Type.Number(), out: Type.Number() });

/** What `GET /bandwidth` answers, and each `data:` of `GET /bandwidth/stream`. Bytes since the master's start. */
export const Bandwidth = Type.Object({
  /** When it was taken, ISO 8601. */
  at: Type.String(),
  connection: Directions,
  endpointsTotal: Directions,
  unattributed: Directions,
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
