import { FileName, JobId, ProblemError } from '@weighbridge/protocol';
import { Type } from 'typebox';
import { sendBlob } from '../blobs/send-blob.ts';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { answers, blobAnswers } from '../http/schemas.ts';
import { formatValue } from '../http/validation.ts';
import { requireJob } from './job-routes.ts';

const Params = Type.Object({ id: JobId, name: FileName });

/** What a job sent back, by name. */
export function fileRoutes(app: App, context: MasterContext): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/jobs/:id/files/:name',
    schema: {
      summary: "One of a job's output files",
      params: Params,
      response: answers(blobAnswers, ['not-found', 'range-not-satisfiable']),
    },
    handler: async (request, reply) => {
      const { id, name } = request.params;
      const output = await context.store.jobs.findOutput(id, name);
      if (!output) {
        await requireJob(context, id);
        throw new ProblemError('not-found', `job ${id} has sent back no file ${formatValue(name)}`);
      }
      const sizeBytes = await context.blobs.keep(output.sha256);
      if (sizeBytes === undefined)
        throw new ProblemError(
          'not-found',
          `the blob ${output.sha256} of ${formatValue(name)} is not stored on this master`,
        );
      reply.header(
        'content-disposition',
        `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, escapeMark)}`,
      );
      return sendBlob(request, reply, context.blobs, { sha256: output.sha256, sizeBytes });
    },
  });
}

// Marks that encodeURIComponent leaves and RFC 8187 doesn't take.
function escapeMark(mark: string): string {
  return `%${mark.charCodeAt(0).toString(16).toUpperCase()}`;
}
