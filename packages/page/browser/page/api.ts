import type { Bandwidth, BandwidthHistory, JobList, NodeList, Problem } from '@weighbridge/protocol';
import { readEvents, SilentStreamError } from '@weighbridge/protocol/server-sent-events';

/** The server asks for another token. */
export class TokenRefusedError extends Error {
  readonly code = 'unauthorized';
}

/** No answer, or one that is no figure; the message is for the reader of the page. */
export class NoFiguresError extends Error {
  readonly code = 'no-figures';
  /** The answer's HTTP status, when there was one. */
  readonly status: number | undefined;

  constructor(message: string, { status, cause }: { status?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.status = status;
  }
}

/** A stream that is silent for longer than this has died without saying so. */
const silenceMs = 15_000;

/** What the page asks of the server. */
export class Api {
  readonly #headers: Record<string, string>;

  constructor(token: string | undefined) {
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** Snapshots as they come, until the server ends the stream. `remember`: what a server tells first that remembers. */
  async *bandwidth(signal: AbortSignal, remember: (history: BandwidthHistory) => void): AsyncGenerator<Bandwidth> {
    try {
      const { body } = await this.#call('/bandwidth/stream', signal);
      if (!body) return;
      for await (const { type, data } of readEvents(body, silenceMs)) {
        if (type === 'message') yield JSON.parse(data) as Bandwidth;
        if (type === 'history') remember(JSON.parse(data) as BandwidthHistory);
      }
    } catch (error) {
      if (error instanceof SilentStreamError)
        throw new NoFiguresError(`The server was silent for ${silenceMs / 1000} seconds.`);
      throw asExpected(error, 'The stream broke off.');
    }
  }

  /** The latest jobs, or `undefined` where there is no scheduler. */
  jobs(limit: number, signal: AbortSignal): Promise<JobList | undefined> {
    return this.#json(`/jobs?limit=${limit}`, signal);
  }

  /** All nodes, or `undefined` where there is no scheduler. */
  nodes(signal: AbortSignal): Promise<NodeList | undefined> {
    return this.#json('/nodes', signal);
  }

  async #json<T>(path: string, signal: AbortSignal): Promise<T | undefined> {
    try {
      const response = await this.#call(path, AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]));
      return (await response.json()) as T;
    } catch (error) {
      if (error instanceof NoFiguresError && error.status === 404) return undefined;
      throw asExpected(error, 'The answer broke off.');
    }
  }

  async #call(path: string, signal: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(path, { headers: this.#headers, signal, cache: 'no-store', redirect: 'error' });
    } catch (cause) {
      throw new NoFiguresError('Nothing answers at this address.', { cause });
    }
    if (response.ok) return response;
    if (response.status === 401) throw new TokenRefusedError('the token was refused');
    const problem = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
    const detail = problem?.detail ? `: ${problem.detail.replace(/\.$/, '')}` : '';
    throw new NoFiguresError(`The server answered ${response.status}${detail}.`, { status: response.status });
  }
}

function asExpected(error: unknown, message: string): Error {
  if (error instanceof TokenRefusedError || error instanceof NoFiguresError) return error;
  return new NoFiguresError(message, { cause: error });
}
