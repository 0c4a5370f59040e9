import type { SqlType, SqlTypes } from './sql-types.ts';

/** The property exists for the compiler alone. */
type Json<T> = 'json' & { readonly shape: T };
type JsonOrNull<T> = 'json?' & { readonly shape: T | null };

/** A column or parameter of type json, with the shape that the statements keep in it. */
export const json = <T>() => 'json' as Json<T>;
export const jsonOrNull = <T>() => 'json?' as JsonOrNull<T>;

/** Names and their types; `?` after a type allows null. */
export type Fields = Readonly<Record<string, SqlType | `${SqlType}?`>>;
type Value<T> = T extends { readonly shape: infer V }
  ? V
  : T extends `${infer N extends SqlType}?`
    ? SqlTypes[N] | null
    : T extends SqlType
      ? SqlTypes[T]
      : never;
export type Values<F extends Fields> = { -readonly [K in keyof F]: Value<F[K]> };

/** One SQL statement with what goes in and what comes out; a test compares both with what a server says. */
export interface Statement<P extends Fields = Fields, C extends Fields = Fields> {
  /** Each connection prepares it under this name once. */
  readonly name: string;
  readonly text: string;
  readonly parameters: P;
  readonly columns: C;
}

const defined = new Map<string, Statement>();

/** Every statement of the modules that are loaded, for the test of their types. */
export const definedStatements = (): Statement[] => [...defined.values()];

export const toSqlType = (field: string) => field.replace('?', '') as SqlType;

/**
 * Defines a statement. In its text a parameter stands as the placeholder that `sql` is given, with its type.
 *
 * @example
 * const find = defineStatement({
 *   name: 'find_queue', parameters: { name: 'text' }, columns: { createdAt: 'timestamptz' },
 *   sql: ({ name }) => `SELECT created_at AS "createdAt" FROM weighbridge.queues WHERE name = ${name}`,
 * });
 */
export function defineStatement<const P extends Fields, const C extends Fields>(definition: {
  name: string;
  parameters: P;
  columns: C;
  sql: (placeholders: { readonly [K in keyof P]: string }) => string;
}): Statement<P, C> {
  const { name, parameters, columns, sql } = definition;
  if (defined.has(name)) throw new TypeError(`the statement ${name} is defined twice`);
  const placeholders = Object.entries(parameters).map(([key, type], index) => [
    key,
    `$${index + 1}::${toSqlType(type)}`,
  ]);
  const text = sql(Object.fromEntries(placeholders) as { [K in keyof P]: string });
  const statement = { name, text, parameters, columns };
  defined.set(name, statement);
  return statement;
}
