import { Readable } from 'node:stream';
import { isEnded, JobId, JobLogs } from '@weighbridge/protocol';
import { Type } from 'typebox';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { formatEvent, keepAlive, keepAliveMs, sendEvents } from '../http/event-stream.ts';
import { answers, strict } from '../http/schemas.ts';
import { LogReader } from '../logs/log-reader.ts';
import { requireJob } from './job-routes.ts';

const Query = Type.Object(
  { follow: Type.Optional(Type.String({ maxLength: 10, description: 'Stream the log as it comes' })) },
  strict,
);

/** A job's log: as it stands, or as it comes. */
export function logRoutes(app: App, context: MasterContext): void {
  app.get(
    '/jobs/:id/logs',
    {
      schema: {
        summary: "A job's log; with ?follow as server-sent events",
        params: Type.Object({ id: JobId }),
        querystring: Query,
        response: answers({ 200: JobLogs }, { 404: 'No such job' }),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await requireJob(context, id);
      if (request.query.follow !== undefined)
        return sendEvents(request, reply, context.stopping, (signal) => follow(context, id, signal));
      reply.type('application/json; charset=utf-8');
      return reply.send(request.method === 'HEAD' ? '' : Readable.from(wholeLog(context, id), { objectMode: false }));
    },
  );
}

// Written page by page: a whole log may have 16 MiB.
async function* wholeLog({ store }: MasterContext, id: string): AsyncGenerator<string> {
  yield '{"chunks":[';
  let separator = '';
  for await (const chunk of new LogReader(store.logs, id).rest()) {
    yield separator + JSON.stringify(chunk);
    separator = ',';
  }
  yield ']}';
}

async function* follow(context: MasterContext, id: string, signal: AbortSignal): AsyncGenerator<string> {
  const watch = context.jobChanges.watch(id);
  const reader = new LogReader(context.store.logs, id);
  try {
    while (!signal.aborted) {
      // The state first: what is logged before the end is then surely read below.
      const { state } = await requireJob(context, id);
      for await (const chunk of reader.rest()) yield formatEvent('chunk', chunk);
      if (isEnded(state)) {
        yield formatEvent('end', { state });
        return;
      }
      if (!(await watch.next(keepAliveMs, signal)) && !signal.aborted) yield keepAlive;
    }
  } finally {
    watch.close();
  }
}
