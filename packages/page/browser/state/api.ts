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
  async json<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.#answer(path, {}, signal);
  }

  /** Has something done. @throws as `json`. */
  async post<T>(path: string, body?: object): Promise<T> {
    if (body === undefined) return this.#answer(path, { method: 'POST' });
    const headers = { 'content-type': 'application/json' };
    return this.#answer(path, { method: 'POST', body: JSON.stringify(body), headers });
  }

  /** Is a file with this SHA-256 stored? @throws as `json`. */
  async hasBlob(sha256: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#call(`/blobs/${sha256}`, { method: 'HEAD', signal });
      return true;
    } catch (error) {
      if (error instanceof NoAnswerError && error.status === 404) return false;
      throw error;
    }
  }

  /**
   * Stores a file. Not by fetch, which doesn't tell how far an upload is.
   *
   * @param onBytes is called with the bytes that were sent since the last call.
   * @throws as `json`.
   */
  putBlob(sha256: string, file: Blob, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const request = new XMLHttpRequest();
    request.open('PUT', `/blobs/${sha256}`);
    const headers = { ...this.#headers, 'content-type': 'application/octet-stream' };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    let sent = 0;
    request.upload.onprogress = ({ loaded }) => {
      onBytes(Math.min(loaded, file.size) - sent);
      sent = Math.min(loaded, file.size);
    };
    request.onload = () => {
      if (request.status < 300) resolve();
      else reject(toRefusal(request.status, parseProblem(request.responseText)));
    };
    request.onerror = () => reject(new NoAnswerError('The upload broke off.'));
    request.onabort = () => reject(signal.reason);
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
    return promise;
  }

  async #answer<T>(path: string, init: RequestInit, signal?: AbortSignal): Promise<T> {
    const inTime = AbortSignal.timeout(silenceMs);
    try {
      const response = await this.#call(path, { ...init, signal: signal ? AbortSignal.any([signal, inTime]) : inTime });
      return (await response.json()) as T;
    } catch (error) {
      throw toExpected(error, 'The answer broke off.');
    }
  }

  /** A file of a job. @throws as `json`. */
  async file(path: string, signal: AbortSignal): Promise<Blob> {
    try {
      return await (await this.#call(path, { signal })).blob();
    } catch (error) {
      throw toExpected(error, 'The file broke off.');
    }
  }

  async *#events(path: string, silenceMs: number, signal: AbortSignal): ReturnType<typeof readEvents> {
    try {
      const { body } = await this.#call(path, { signal });
      if (body) yield* readEvents(body, silenceMs);
    } catch (error) {
      if (error instanceof SilentStreamError)
        throw new NoAnswerError(`The server was silent for ${silenceMs / 1000} seconds.`, { cause: error });
      throw toExpected(error, 'The stream broke off.');
    }
  }

  async #call(path: string, { headers, ...init }: RequestInit): Promise<Response> {
    let response: Response;
    try {
      const all = { ...this.#headers, ...(headers as Record<string, string>) };
      response = await fetch(path, { ...init, headers: all, cache: 'no-store', redirect: 'error' });
    } catch (cause) {
      throw new NoAnswerError('Nothing answers at this address.', { cause });
    }
    if (response.ok) return response;
    throw toRefusal(response.status, parseProblem(await response.text().catch(() => '')));
  }
}

function parseProblem(text: string): Partial<Problem> | undefined {
  try {
    return JSON.parse(text) as Partial<Problem>;
  } catch {
    return undefined;
  }
}

function toRefusal(status: number, problem: Partial<Problem> | undefined): Error {
  if (status === 401) return new TokenRefusedError('the token was refused');
  const detail = problem?.detail ? `: ${problem.detail.replace(/\.$/, '')}` : '';
  return new NoAnswerError(`The server answered ${status}${detail}.`, { status });
}

function toExpected(error: unknown, message: string): Error {
  if (error instanceof TokenRefusedError || error instanceof NoAnswerError) return error;
  return new NoAnswerError(message, { cause: error });
}
