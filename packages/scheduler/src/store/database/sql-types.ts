import pg from 'pg';

/** PostgreSQL's types that statements use, and what they are here. */
export interface SqlTypes {
  text: string;
  uuid: string;
  bool: boolean;
  int4: number;
  /** Ours stay below 2^53. */
  int8: number;
  float8: number;
  /** ISO 8601 in UTC, to the millisecond. */
  timestamptz: string;
  json: unknown;
  bytea: Uint8Array;
  'text[]': string[];
  'uuid[]': string[];
  'int4[]': number[];
  'int8[]': number[];
}
export type SqlType = keyof SqlTypes;

const { builtins } = pg.types;
const parseDate = pg.types.getTypeParser(builtins.TIMESTAMPTZ) as (text: string) => Date;

/** With the session in UTC, as most are, cut out of the text; else by way of a Date. */
function parseMoment(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?\+00$/.exec(text);
  if (!match) return parseDate(text).toISOString();
  return `${match[1]}T${match[2]}${(match[3] ?? '.').padEnd(4, '0').slice(0, 4)}Z`;
}

const parsers = new Map<number, (text: string) => unknown>([
  [builtins.INT8, Number],
  [builtins.TIMESTAMPTZ, parseMoment],
]);

/** How the driver reads values, for its option `types`. */
export const typeParsers = {
  getTypeParser: ((id: number, format?: 'text') =>
    parsers.get(id) ?? pg.types.getTypeParser(id, format)) as typeof pg.types.getTypeParser,
};

/** A value as the driver sends it. */
export function encode(type: SqlType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'json') return JSON.stringify(value);
  // A view and not a copy.
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value;
}
