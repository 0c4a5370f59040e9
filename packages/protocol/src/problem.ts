import { type Static, Type } from 'typebox';

/**
 * Every kind of problem, with its HTTP status and title (RFC 9457). `type` is `urn:weighbridge:problem:<code>`. Those that pass
 * by themselves say after how many seconds to ask again (`Retry-After`).
 */
export const problems = Object.freeze({
  'invalid-request': { status: 400, title: 'The request breaks a rule of the API' },
  unauthorized: { status: 401, title: 'A valid bearer token is needed' },
  'not-found': { status: 404, title: 'There is no such thing here' },
  'method-not-allowed': { status: 405, title: 'This path does not take that method' },
  'body-too-slow': { status: 408, title: 'The body came too slowly' },
  'stale-attempt': { status: 409, title: 'This attempt is no longer the current one' },
  'stale-session': { status: 409, title: 'Another worker has taken this name' },
  'name-taken': { status: 409, title: 'Another worker holds this name' },
  'node-in-use': { status: 409, title: 'The worker of this node is not gone' },
  'job-ended': { status: 409, title: 'The job has ended' },
  'not-retryable': { status: 409, title: 'The job can not be tried again' },
  'too-large': { status: 413, title: 'The request is over a limit' },
  'unsupported-media-type': { status: 415, title: 'This content type is not taken here' },
  'range-not-satisfiable': { status: 416, title: 'The range is outside the blob' },
  'blob-missing': { status: 422, title: 'A named blob is not stored here' },
  'blob-mismatch': { status: 422, title: "The content's SHA-256 is not its name" },
  'command-not-allowed': { status: 422, title: 'This master does not allow the command' },
  'idempotency-mismatch': { status: 422, title: 'The idempotency key was used with another body' },
  'too-many-names': { status: 422, title: 'The cap on names is reached' },
  internal: { status: 500, title: 'The master failed' },
  starting: { status: 503, title: 'The store is not open yet', retryAfterSeconds: 1 },
  'store-unavailable': { status: 503, title: 'The store does not answer', retryAfterSeconds: 1 },
  'too-many-pages': { status: 503, title: 'Too many live pages are open', retryAfterSeconds: 10 },
  stopping: { status: 503, title: 'The master is stopping', retryAfterSeconds: 1 },
  'storage-full': { status: 507, title: 'No room is left' },
} as const);

export type ProblemCode = keyof typeof problems;

/** Problem details as sent, `application/problem+json`. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  /** One sentence: what, which rule, which value. */
  detail: Type.String(),
  code: Type.String(),
});
export type Problem = Static<typeof Problem>;

/** An error with a place in the API: the master sends it, the client throws it. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  /** After how many seconds the same call may go well. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'ProblemError';
    this.code = code;
    const problem: { status: number; retryAfterSeconds?: number } = problems[code];
    this.status = problem.status;
    this.retryAfterSeconds = problem.retryAfterSeconds;
  }

  toJSON(): Problem {
    const { status, title } = problems[this.code];
    return { type: `urn:weighbridge:problem:${this.code}`, title, status, detail: this.message, code: this.code };
  }
}
