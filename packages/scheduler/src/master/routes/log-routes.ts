import { Readable } from 'node:stream';
import { formatEvent, keepAlive, keepAliveMs, sendEvents } from '@weighbridge/monitor';
import { isEnded, JobId, JobLogs, type LogFilter, logStreams, ProblemError } from '@weighbridge/protocol';
import { type Static, Type } from 'typebox';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { examples } from '../http/examples.ts';
import { answers, eventStream, NumberText, oneOf, plainText, shown, strict } from '../http/schemas.ts';
import { formatLogAsJson, formatLogAsText } from '../logs/format-log.ts';
import { LogReader } from '../logs/log-reader.ts';
import { requireJob } from './job-routes.ts';

const Query = Type.Object(
  {
    follow: Type.Optional(Type.String({ maxLength: 10, description: 'Stream the log as it comes' })),
    format: Type.Optional(Type.Enum(['json', 'text'])),
    attempt: Type.Optional(NumberText("an attempt's number")),
    stream: Type.Optional(Type.Enum(logStreams)),
    offset: Type.Optional(NumberText('a whole number: from this byte of the stream on')),
    after: Type.Optional(NumberText('a whole number: what has come after this sequence')),
  },
  strict,
);

/** A job's log: as it stands, or as it comes. */
export function logRoutes(app: App, context: MasterContext): void {
  app.get(
    '/jobs/:id/logs',
    {
      schema: {
        summary: "A job's log, as JSON or as text; with ?follow as server-sent events",
        params: Type.Object({ id: JobId }),
        querystring: Query,
        response: answers(
          {
            200: oneOf(
              'The log as JSON, as text (?format=text), or as it comes (?follow)',
              shown(JobLogs, examples.jobLogs),
              plainText('The log as text', 'hello\n'),
              eventStream(
                'Each chunk as it comes, and at last the end',
                `event: chunk\ndata: ${JSON.stringify(examples.jobLogs.chunks[0])}\n\nevent: end\ndata: {"state":"succeeded"}\n\n`,
              ),
            ),
          },
          ['not-found'],
        ),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const filter = parseFilter(request.query);
      await requireJob(context, id);
      if (request.query.follow !== undefined) {
        reply.hijack();
        return sendEvents(request.raw, reply.raw, context.stopping, (signal) => follow(context, id, filter, signal));
      }
      const reader = new LogReader(context.store.logs, id, filter);
      const isText = request.query.format === 'text';
      reply.type(isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8');
      reply.header('x-content-type-options', 'nosniff');
      if (isText) reply.header('content-disposition', `attachment; filename="${id}.log"`);
      if (request.method === 'HEAD') return reply.send('');
      const firstOffset = filter.after === undefined ? (filter.offset ?? 0) : undefined;
      const content = isText ? formatLogAsText(reader, firstOffset) : formatLogAsJson(reader);
      return reply.send(Readable.from(content, { objectMode: false }));
    },
  );
}

/** @throws ProblemError `invalid-request` for an offset that is not one of one stream. */
function parseFilter({ attempt, stream, offset, after }: Static<typeof Query>): LogFilter {
  if (offset !== undefined && (attempt === undefined || stream === undefined)) {
    throw new ProblemError(
      'invalid-request',
      `query.offset counts bytes of one stream of one attempt: name both, got ${offset} alone`,
    );
  }
  return {
    ...(attempt !== undefined && { attempt: Number(attempt) }),
    ...(stream !== undefined && { stream }),
    ...(offset !== undefined && { offset: Number(offset) }),
    ...(after !== undefined && { after: Number(after) }),
  };
}

async function* follow(
  context: MasterContext,
  id: string,
  filter: LogFilter,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const watch = context.jobChanges.watch(id);
  const reader = new LogReader(context.store.logs, id, filter);
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
