import { AttemptResult, JobId, limits, nodeHeader, ProblemError } from '@weighbridge/protocol';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { findAttempt } from '../bandwidth/attempt-ref.ts';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { examples } from '../http/examples.ts';
import { answers, Nothing, NumberText, shown, strict } from '../http/schemas.ts';
import { checkOutputs } from './check-submission.ts';

const Params = Type.Object({ id: JobId, n: NumberText("an attempt's number") });
const Place = Type.Object(
  {
    stream: Type.Union([Type.Literal('stdout'), Type.Literal('stderr'), Type.Literal('system')]),
    offset: NumberText("a whole number: the stream's bytes before this chunk"),
  },
  strict,
);

/** What a worker says of an attempt: its log as it comes, and its result. */
export function attemptRoutes(app: App, context: MasterContext): void {
  const { store, metrics } = context;

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/octet-stream',
      { parseAs: 'buffer', bodyLimit: limits.logChunkBytes },
      (_request, body, done) => done(null, body),
    );
    scope.post(
      '/jobs/:id/attempts/:n/logs',
      {
        bodyLimit: limits.logChunkBytes,
        config: { needsRoom: true },
        schema: {
          summary: 'Append to the log (application/octet-stream)',
          params: Params,
          querystring: Place,
          response: answers({ 204: Nothing }, ['stale-attempt', 'storage-full']),
        },
      },
      async (request, reply) => {
        const { id, n } = request.params as { id: string; n: string };
        const { stream, offset } = request.query as { stream: 'stdout' | 'stderr' | 'system'; offset: string };
        const bytes = request.body as Buffer | undefined;
        if (bytes?.length)
          await store.logs.append({ jobId: id, attempt: Number(n), stream, offset: Number(offset), bytes });
        return reply.code(204).send();
      },
    );
  });

  app.post(
    '/jobs/:id/attempts/:n/result',
    {
      schema: {
        summary: 'End an attempt',
        params: Params,
        body: shown(AttemptResult, examples.result),
        response: answers({ 204: Nothing }, ['stale-attempt', 'blob-missing']),
      },
    },
    async (request, reply) => {
      const ref = { jobId: request.params.id, attempt: Number(request.params.n) };
      const node = requireNodeHeader(request);
      await checkOutputs(context, request.body.outputs ?? []);
      const end = await store.attempts.complete(ref, node, request.body);
      metrics.completed(end, request.body, Date.now());
      return reply.code(204).send();
    },
  );
}

function requireNodeHeader(request: FastifyRequest): string {
  const node = request.headers[nodeHeader];
  if (typeof node === 'string' && node !== '') return node;
  throw new ProblemError(
    'invalid-request',
    `the header ${nodeHeader} must name the node that ran the attempt, got nothing`,
  );
}

/** Follows the bytes of every exchange that belongs to an attempt, by its path or its header. */
export function trackAttemptBytes(app: App, { bandwidth, attemptBytes }: MasterContext): void {
  app.addHook('onRequest', async (request, reply) => {
    const ref = findAttempt(request.raw);
    const bytes = ref && bandwidth.bytesOf(request.raw);
    if (!bytes) return;
    attemptBytes.track(ref, bytes);
    reply.raw.once('close', () => attemptBytes.settleSoon());
  });
}
