/** An OpenAPI document, as far as it is compared: this one has no references. */
export interface OpenApiDocument {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Content; readonly required?: boolean };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly format?: string;
  readonly [bound: string]: unknown;
}

/** Who sends what a schema describes: the caller, or the service. */
type Sender = 'caller' | 'service';

const lowerBounds = ['minimum', 'minLength', 'minItems', 'minProperties'];
const upperBounds = ['maximum', 'maxLength', 'maxItems', 'maxProperties'];

/**
 * What a caller of the earlier contract could no longer rely on, one sentence each: what it sends must still be taken, and what
 * it reads must still be there. What is added breaks nothing.
 */
export function findBreaks(before: OpenApiDocument, after: OpenApiDocument): string[] {
  const breaks: string[] = [];
  for (const [path, methods] of Object.entries(before.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const where = `${method.toUpperCase()} ${path}`;
      const now = after.paths[path]?.[method];
      if (now) breaks.push(...compareOperations(where, operation, now));
      else breaks.push(`${where} is gone`);
    }
  }
  return breaks;
}

function* compareOperations(where: string, before: Operation, after: Operation): Generator<string> {
  for (const { in: place, name, schema } of before.parameters ?? []) {
    const now = after.parameters?.find((one) => one.in === place && one.name === name);
    if (now) yield* compareSchemas(`${where}: ${place}.${name}`, schema, now.schema, 'caller');
    else yield `${where}: ${place}.${name} is no longer taken`;
  }
  for (const { in: place, name, required } of after.parameters ?? []) {
    const earlier = before.parameters?.find((one) => one.in === place && one.name === name);
    if (required && !earlier?.required) yield `${where}: ${place}.${name} is required now`;
  }
  if (after.requestBody && !before.requestBody) yield `${where}: a body is wanted now`;
  yield* compareContents(`${where}: body`, before.requestBody?.content, after.requestBody?.content, 'caller');
  for (const [status, response] of Object.entries(before.responses)) {
    const now = after.responses[status];
    if (now) yield* compareContents(`${where}: ${status}`, response.content, now.content, 'service');
    else yield `${where}: ${status} is gone`;
  }
}

function* compareContents(
  where: string,
  before: Content | undefined,
  after: Content | undefined,
  sender: Sender,
): Generator<string> {
  for (const [type, { schema }] of Object.entries(before ?? {})) {
    const now = after?.[type];
    if (now) yield* compareSchemas(where, schema, now.schema, sender);
    else yield `${where}: ${type} is gone`;
  }
}

function* compareSchemas(where: string, before: Schema, after: Schema, sender: Sender): Generator<string> {
  if (before.type !== after.type || Boolean(before.anyOf) !== Boolean(after.anyOf)) {
    yield `${where} is ${formatType(after)}, and was ${formatType(before)}`;
    return;
  }
  for (const rule of ['const', 'pattern', 'format'] as const) {
    if (before[rule] !== after[rule] && (sender === 'service' || after[rule] !== undefined))
      yield `${where}: ${rule} is ${JSON.stringify(after[rule])}, and was ${JSON.stringify(before[rule])}`;
  }
  yield* compareEnums(where, before, after, sender);
  if (sender === 'caller') yield* compareBounds(where, before, after);
  yield* compareProperties(where, before, after, sender);
  if (before.items && after.items) yield* compareSchemas(`${where}[]`, before.items, after.items, sender);
  for (const [index, one] of (before.anyOf ?? []).entries()) {
    const now = after.anyOf?.[index];
    if (now) yield* compareSchemas(where, one, now, sender);
    else yield `${where}: the alternative ${formatType(one)} is gone`;
  }
}

const formatType = ({ type, anyOf }: Schema) =>
  type ?? (anyOf ? anyOf.map(({ type }) => type).join(' or ') : 'anything');

/** A value that a caller could send must still be taken. New ones that the service sends are told, and break nothing. */
function* compareEnums(where: string, before: Schema, after: Schema, sender: Sender): Generator<string> {
  if (!after.enum) {
    if (before.enum && sender === 'service') yield `${where} is no longer one of ${before.enum.join(', ')}`;
    return;
  }
  const gone = (before.enum ?? []).filter((value) => !after.enum?.includes(value));
  if (!before.enum && sender === 'caller') yield `${where} must be one of ${after.enum.join(', ')} now`;
  else if (gone.length > 0 && sender === 'caller') yield `${where} can no longer be ${gone.join(', ')}`;
}

function* compareBounds(where: string, before: Schema, after: Schema): Generator<string> {
  for (const bound of lowerBounds) {
    const [was, is] = [before[bound] as number | undefined, after[bound] as number | undefined];
    if (is !== undefined && is > (was ?? Number.NEGATIVE_INFINITY))
      yield `${where}: ${bound} is ${is}, and was ${was ?? 'none'}`;
  }
  for (const bound of upperBounds) {
    const [was, is] = [before[bound] as number | undefined, after[bound] as number | undefined];
    if (is !== undefined && is < (was ?? Number.POSITIVE_INFINITY))
      yield `${where}: ${bound} is ${is}, and was ${was ?? 'none'}`;
  }
}

function* compareProperties(where: string, before: Schema, after: Schema, sender: Sender): Generator<string> {
  for (const [name, schema] of Object.entries(before.properties ?? {})) {
    const now = after.properties?.[name];
    if (now) yield* compareSchemas(`${where}.${name}`, schema, now, sender);
    else yield `${where}.${name} is gone`;
  }
  const required = { before: before.required ?? [], after: after.required ?? [] };
  if (sender === 'caller')
    for (const name of required.after) if (!required.before.includes(name)) yield `${where}.${name} is required now`;
  if (sender === 'service')
    for (const name of required.before)
      if (!required.after.includes(name) && after.properties?.[name]) yield `${where}.${name} may be absent now`;
}
