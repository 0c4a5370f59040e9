import swagger from '@fastify/swagger';
import { Type } from 'typebox';
import type { App } from './app.ts';

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
    transform: ({ schema, url }) => ({ schema: schema && { ...schema, body: plainUnion(schema.body) }, url }),
  });
  app.get(
    '/openapi.json',
    { config: { public: true }, schema: { hide: true, response: { 200: Type.Unknown() } } },
    async () => app.swagger(),
  );
}

// Validation tells one from many by `if`, for the sake of its messages; readers and generators know `anyOf`.
function plainUnion(body: unknown): unknown {
  const choice = body as { if?: unknown; then?: unknown; else?: unknown } | undefined;
  return choice?.if === undefined ? body : { anyOf: [choice.else, choice.then] };
}
