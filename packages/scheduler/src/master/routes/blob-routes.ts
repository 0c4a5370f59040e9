import { Blob, limits, ProblemError, Sha256 } from '@weighbridge/protocol';
import { Type } from 'typebox';
import { sendBlob } from '../blobs/send-blob.ts';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { examples } from '../http/examples.ts';
import { tooLarge } from '../http/problems.ts';
import { answers, blobAnswers, shown } from '../http/schemas.ts';

const Params = Type.Object({ sha256: Sha256 });

/** Files named by their content. */
export function blobRoutes(app: App, { blobs, storage }: MasterContext): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Any type, and never read here: the handler streams it.
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.put(
      '/blobs/:sha256',
      {
        schema: {
          summary: 'Store a blob; one that is stored already costs nothing',
          params: Params,
          response: answers({ 200: shown(Blob, examples.blob), 201: shown(Blob, examples.blob) }, [
            'blob-mismatch',
            'storage-full',
          ]),
        },
      },
      async (request, reply) => {
        const { sha256 } = request.params as { sha256: string };
        const stored = await blobs.keep(sha256);
        if (stored !== undefined) return { sha256, sizeBytes: stored };
        const declared = Number(request.headers['content-length'] ?? 0);
        if (declared > limits.blobBytes) throw tooLarge(request, limits.blobBytes);
        const sizeBytes = await blobs.receive(sha256, request.raw, {
          limitBytes: limits.blobBytes,
          sizeBytes: declared,
          admit: (bytes) => storage.requireRoomForBlob(bytes),
        });
        return reply.code(201).send({ sha256, sizeBytes });
      },
    );
  });

  app.route({
    method: ['GET', 'HEAD'],
    url: '/blobs/:sha256',
    schema: {
      summary: 'A blob, whole or a range of it',
      params: Params,
      response: answers(blobAnswers, ['not-found', 'range-not-satisfiable']),
    },
    handler: async (request, reply) => {
      const { sha256 } = request.params;
      const sizeBytes = await blobs.keep(sha256);
      if (sizeBytes === undefined) throw new ProblemError('not-found', `there is no blob ${sha256}`);
      return sendBlob(request, reply, blobs, { sha256, sizeBytes });
    },
  });
}
