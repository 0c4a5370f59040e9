import { Problem } from '@weighbridge/protocol';
import { type TSchema, Type } from 'typebox';

/** A whole number in a path or query, as text: types are never coerced. */
export const NumberText = (description: string) => Type.String({ pattern: '^(0|[1-9][0-9]{0,14})$', description });

export const strict = { additionalProperties: false } as const;

/** An answer of another type than JSON. */
interface TypedAnswer {
  description: string;
  content: Record<string, { schema: TSchema }>;
}

const typed = (description: string, type: string, schema: TSchema): TypedAnswer => ({
  description,
  content: { [type]: { schema } },
});
const problem = (description: string) => typed(description, 'application/problem+json', Problem);

/** Bytes as they are. */
export const binary = (description: string) =>
  typed(description, 'application/octet-stream', Type.Unsafe({ type: 'string', format: 'binary' }));

/** Server-sent events. */
export const eventStream = (description: string) => typed(description, 'text/event-stream', Type.String());

type Responses = Record<string, TSchema | TypedAnswer>;

/** A route's answers: its successes, the problems that are its own by status, and any other as `default`. */
export function answers(
  successes: Record<number, TSchema | TypedAnswer>,
  problems: Record<number, string> = {},
): Responses {
  const own = Object.entries(problems).map(([status, description]) => [status, problem(description)]);
  return { ...successes, ...Object.fromEntries(own), default: problem('Any other problem') };
}

/** An answer without a body. */
export const Nothing = Type.Null({ description: 'No content' });
