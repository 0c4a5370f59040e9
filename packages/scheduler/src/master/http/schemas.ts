import { Problem, type ProblemCode, ProblemError, problems } from '@weighbridge/protocol';
import { type TSchema, Type } from 'typebox';
import { problemDetails } from './examples.ts';

/** A whole number in a path or query, as text: types are never coerced. */
export const NumberText = (description: string) => Type.String({ pattern: '^(0|[1-9][0-9]{0,14})$', description });

export const strict = { additionalProperties: false } as const;

/** An answer of another type than JSON. */
interface TypedAnswer {
  description: string;
  content: Record<string, { schema: TSchema }>;
}

/** What a schema describes, with an example for the OpenAPI document. */
export const shown = <T extends TSchema>(schema: T, ...examples: unknown[]): T => ({ ...schema, examples }) as T;

const typed = (description: string, type: string, schema: TSchema): TypedAnswer => ({
  description,
  content: { [type]: { schema } },
});

/** Bytes as they are. */
const binary = (description: string) =>
  typed(description, 'application/octet-stream', shown(Type.Unsafe({ type: 'string', format: 'binary' }), 'hello\n'));

/** Server-sent events. */
export const eventStream = (description: string, example: string) =>
  typed(description, 'text/event-stream', shown(Type.String(), example));

/** Text. */
export const plainText = (description: string, example: string) =>
  typed(description, 'text/plain', shown(Type.String(), example));

/** One status that answers in several types, by what was asked. */
export function oneOf(description: string, json: TSchema, ...others: TypedAnswer[]): TypedAnswer {
  const content = Object.assign({ 'application/json': { schema: json } }, ...others.map((other) => other.content));
  return { description, content };
}

type Responses = Record<string, TSchema | TypedAnswer>;

/** A route's answers: its successes, and the problems that are its own. Those that every route has are added to the document. */
export function answers(
  successes: Record<number, TSchema | TypedAnswer>,
  codes: readonly ProblemCode[] = [],
): Responses {
  return { ...successes, ...describeProblems(codes) };
}

/** Problems by status, with an example of each. */
export function describeProblems(codes: readonly ProblemCode[]): Record<string, TypedAnswer> {
  const byStatus = Map.groupBy(codes, (code) => problems[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, ones]) => {
      const description = ones.map((code) => problems[code].title).join('; ');
      const all = ones.map((code) => new ProblemError(code, problemDetails[code]).toJSON());
      return [String(status), typed(description, 'application/problem+json', shown(Problem, ...all))];
    }),
  );
}

/** An answer without a body. */
export const Nothing = Type.Null({ description: 'No content' });

/** What a file answers: whole, in part, or that whoever asks has it already. */
export const blobAnswers = {
  200: binary('The content'),
  206: binary('The range that was asked for'),
  304: Type.Null({ description: 'Whoever asks has it already' }),
} as const;
