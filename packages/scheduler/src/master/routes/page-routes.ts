import { type PageFile, pageFiles, pageHeaders } from '@weighbridge/page';
import { ProblemError } from '@weighbridge/protocol';
import type { FastifyReply } from 'fastify';
import type { App } from '../http/app.ts';
import { formatValue } from '../http/validation.ts';

const options = { config: { public: true }, schema: { hide: true } };

/** The live page's static files. They hold nothing secret: the page asks for the token. */
export function pageRoutes(app: App): void {
  const files = pageFiles();
  const folders = new Set<string>();
  for (const [path, file] of files) {
    const folder = path.slice(0, path.indexOf('/', 1) + 1);
    if (folder === '') app.get(path, options, async (_request, reply) => send(reply, file));
    else folders.add(folder);
  }
  // One route a folder: each route costs series in the metrics.
  for (const folder of folders) {
    app.get(`${folder}*`, options, async (request, reply) => {
      const path = request.url.split('?', 1)[0] ?? '';
      const file = files.get(path);
      if (!file) throw new ProblemError('not-found', `there is nothing at ${formatValue(path)}`);
      return send(reply, file);
    });
  }
}

function send(reply: FastifyReply, { contentType, body }: PageFile): FastifyReply {
  return reply.headers(pageHeaders).type(contentType).send(body);
}
