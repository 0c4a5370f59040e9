import type { Bandwidth, BandwidthHistory, LogChunk, Problem, ServiceInfo } from '@weighbridge/protocol';
import { readEvents, SilentStreamError } from '@weighbridge/protocol/server-sent-events';

/** The server asks for another token. */
export class TokenRefusedError extends Error {
  readonly code = 'unauthorized';
}

/** No answer, or one that can't be used; the message is for the reader of the page. */
export class NoAnswerError extends Error {
  readonly code = 'no-answer';
  /** The answer's HTTP status, when there was one. */
  readonly status: number | undefined;

  constructor(message: string, { status, cause }: { status?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.status = status;
  }
}

/** What the stream of bandwidth brings. */
export interface BandwidthEvents {
  service(service: ServiceInfo): void;
  history(history: BandwidthHistory): void;
  bandwidth(bandwidth: Bandwidth): void;
}

/** A stream that is silent for longer than this has died without saying so. */
const silenceMs = 15_000;
/** The master's sign of life in a log comes each 15 s. */
const logSilenceMs = 45_000;

/** What the page asks of the server. */
export class Api {
  readonly #headers: Record<string, string>;

  constructor(token: string | undefined) {
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** Calls `events` with all that comes, until the server ends the stream. */
  async followBandwidth(events: BandwidthEvents, signal: AbortSignal): Promise<void> {
    for await (const { type, data } of this.#events('/bandwidth/stream', silenceMs, signal)) {
      if (type === 'message') events.bandwidth(JSON.parse(data) as Bandwidth);
      else if (type === 'history') events.history(JSON.parse(data) as BandwidthHistory);
      else if (type === 'service') events.service(JSON.parse(data) as ServiceInfo);
    }
  }

  /** A job's log as it comes; it ends with the job, or with the connection. */
  async *followLog(job: string, after: number | undefined, signal: AbortSignal): AsyncGenerator<LogChunk | 'end'> {
    const since = after === undefined ? '' : `&after=${after}`;
    const path = `/jobs/${encodeURIComponent(job)}/logs?follow=${since}`;
    for await (const { type, data } of this.#events(path, logSilenceMs, signal)) {
      if (type === 'chunk') yield JSON.parse(data) as LogChunk;
      else if (type === 'end') yield 'end';
    }
  }

  /** @throws TokenRefusedError, NoAnswerError. */
  async json<T>(path: string, signal: AbortSignal): Promise<T> {
    try {
      const response = await this.#call(path, AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]));
      return (await response.json()) as T;
    } catch (error) {
      throw toExpected(error, 'The answer broke off.');
    }
  }

  /** A file of a job. @throws as `json`. */
  async file(path: string, signal: AbortSignal): Promise<Blob> {
    try {
      return await (await this.#call(path, signal)).blob();
    } catch (error) {
      throw toExpected(error, 'The file broke off.');
    }
  }

  async *#events(path: string, silenceMs: number, signal: AbortSignal): ReturnType<typeof readEvents> {
    try {
      const { body } = await this.#call(path, signal);
      if (body) yield* readEvents(body, silenceMs);
    } catch (error) {
      if (error instanceof SilentStreamError)
        throw new NoAnswerError(`The server was silent for ${silenceMs / 1000} seconds.`, { cause: error });
      throw toExpected(error, 'The stream broke off.');
    }
  }

  async #call(path: string, signal: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(path, { headers: this.#headers, signal, cache: 'no-store', redirect: 'error' });
    } catch (cause) {
      throw new NoAnswerError('Nothing answers at this address.', { cause });
    }
    if (response.ok) return response;
    if (response.status === 401) throw new TokenRefusedError('the token was refused');
    const problem = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
    const detail = problem?.detail ? `: ${problem.detail.replace(/\.$/, '')}` : '';
    throw new NoAnswerError(`The server answered ${response.status}${detail}.`, { status: response.status });
  }
}

function toExpected(error: unknown, message: string): Error {
  if (error instanceof TokenRefusedError || error instanceof NoAnswerError) return error;
  return new NoAnswerError(message, { cause: error });
}
