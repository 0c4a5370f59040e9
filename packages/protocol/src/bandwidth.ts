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
  nodes: Type.Array(Type.Object({ node: Type.String(), in: Type.Number(), out: Type.Number() })),
});
export type Bandwidth = Static<typeof Bandwidth>;
