import { randomUUID } from 'node:crypto';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { ProblemError } from '@weighbridge/protocol';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { StoreFullError, StoreNotOpenError, StoreUnavailableError } from '../../errors.ts';
import { formatValidation, type ValidationFailure } from './validation.ts';

const problemType = 'application/problem+json';

/** Answers with problem details (RFC 9457). */
export function sendProblem(reply: FastifyReply, problem: ProblemError): FastifyReply {
  return reply.code(problem.status).type(problemType).headers(retryHeaders(problem)).send(problem.toJSON());
}

/** The same without a reply of Fastify's; where a part was sent already, only breaking off tells. */
export function sendRawProblem(response: ServerResponse, problem: ProblemError): void {
  if (response.headersSent) response.destroy();
  else
    response
      .writeHead(problem.status, { 'content-type': problemType, ...retryHeaders(problem) })
      .end(JSON.stringify(problem));
}

function retryHeaders({ retryAfterSeconds }: ProblemError): Record<string, string> {
  return retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
}

/** A whole response, for a socket that no reply can be sent on any more. */
export function formatRawProblem(problem: ProblemError): string {
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** Fastify's error handler: every error leaves as problem details, in one sentence, without a stack. */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(reply, toProblem(error, request));
}

function toProblem(error: FastifyError, request: FastifyRequest): ProblemError {
  if (error instanceof ProblemError) return error;
  if ((error as Error) instanceof StoreNotOpenError)
    return new ProblemError('starting', 'the master is starting: its store is not open yet; ask again in a moment');
  if ((error as Error) instanceof StoreUnavailableError)
    return new ProblemError('store-unavailable', error.message, { cause: error });
  if ((error as Error) instanceof StoreFullError)
    return new ProblemError('storage-full', error.message, { cause: error });
  if (error.validation)
    return invalid(formatValidation(error.validationContext ?? 'body', error.validation as ValidationFailure[]));
  // Nobody is there to read it, but it is not the master that failed.
  if (request.raw.destroyed && !request.raw.complete) return invalid('the request ended before its body was complete');
  return frameworkProblem(error, request) ?? internalProblem(error);
}

function frameworkProblem(error: FastifyError, request: FastifyRequest): ProblemError | undefined {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return tooLarge(request, request.routeOptions.bodyLimit ?? 0);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ProblemError(
        'unsupported-media-type',
        `the content type ${JSON.stringify(request.headers['content-type'] ?? '')} is not taken here: send application/json`,
      );
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return invalid('the body must be JSON, got nothing');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return invalid(`the body must be as long as its content-length says, ${request.headers['content-length']} bytes`);
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return invalid(`the body must be JSON: ${firstLine(error)}`);
  }
  if (error instanceof SyntaxError) return invalid(`the body must be JSON: ${firstLine(error)}`);
  const { statusCode } = error;
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500 ? invalid(firstLine(error)) : undefined;
}

/** The body is over `limitBytes`. */
export function tooLarge(request: FastifyRequest, limitBytes: number): ProblemError {
  const declared = request.headers['content-length'];
  return new ProblemError('too-large', `the body must be at most ${limitBytes} bytes, got ${declared ?? 'more'}`);
}

function invalid(detail: string): ProblemError {
  return new ProblemError('invalid-request', detail);
}

// The caller gets a reference, the log the reason.
export function internalProblem(error: Error): ProblemError {
  const reference = randomUUID();
  console.error(`weighbridge master: internal error ${reference}: ${error.stack ?? error.message}`);
  return new ProblemError('internal', `the master failed; its log says why under ${reference}`, { cause: error });
}

function firstLine(error: Error): string {
  return error.message.split('\n', 1)[0] ?? '';
}
