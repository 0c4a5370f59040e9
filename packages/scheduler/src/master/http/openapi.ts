import swagger from '@fastify/swagger';
import type { ProblemCode } from '@weighbridge/protocol';
import type { FastifySchema, RouteOptions } from 'fastify';
import { Type } from 'typebox';
import type { App } from './app.ts';
import { describeProblems } from './schemas.ts';

/** Describes the API at `/openapi.json`; registered before the routes, because it hears of them as they come. */
export async function describeApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Weighbridge',
        version: '1',
        description: 'Jobs, nodes, files and bandwidth. Errors are problem details (RFC 9457).',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: ({ schema, url, route }) => ({ schema: schema && describeRoute(schema, route), url }),
  });
  app.get(
    '/openapi.json',
    { config: { public: true }, schema: { hide: true, response: { 200: Type.Unknown() } } },
    async () => app.swagger(),
  );
}

/** What can befall a call of any route, and of one that takes a body. */
const ofEveryRoute: readonly ProblemCode[] = [
  'invalid-request',
  'internal',
  'stopping',
  'starting',
  'store-unavailable',
];
const ofBodies: readonly ProblemCode[] = ['body-too-slow', 'too-large', 'unsupported-media-type'];

function describeRoute(schema: FastifySchema, { method, config }: RouteOptions): FastifySchema {
  const takesBody = [method].flat().some((one) => one === 'POST' || one === 'PUT' || one === 'DELETE');
  const isPublic = (config as { public?: boolean } | undefined)?.public === true;
  const codes = [...ofEveryRoute, ...(isPublic ? [] : (['unauthorized'] as const)), ...(takesBody ? ofBodies : [])];
  // A route's own examples of a status say more.
  const response = { ...describeProblems(codes), ...(schema.response as object) };
  return { ...schema, body: plainUnion(schema.body), response };
}

// Validation tells one from many by `if`, for the sake of its messages; readers and generators know `anyOf`.
function plainUnion(body: unknown): unknown {
  const choice = body as { if?: unknown; then?: unknown; else?: unknown; examples?: unknown } | undefined;
  return choice?.if === undefined ? body : { anyOf: [choice.else, choice.then], examples: choice.examples };
}
