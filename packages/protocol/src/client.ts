import type { Bandwidth, BandwidthHistory, BandwidthTransfers, ServiceInfo } from './bandwidth.ts';
import type { Blob } from './blob.ts';
import { attemptHeader, nodeHeader } from './headers.ts';
import type {
  EndedJobState,
  FoundJobs,
  Job,
  JobList,
  JobLogs,
  JobQuery,
  JobState,
  JobSubmission,
  LogChunk,
  LogFilter,
  LogStreamName,
} from './job.ts';
import type {
  AttemptRef,
  AttemptResult,
  ClaimReply,
  ClaimRequest,
  Goodbye,
  Heartbeat,
  HeartbeatReply,
  Node,
  NodeDetail,
  NodeList,
  NodeRegistration,
  NodeSession,
} from './node.ts';
import { type Problem, type ProblemCode, ProblemError, problems } from './problem.ts';
import { readEvents, SilentStreamError } from './server-sent-events.ts';

export interface ClientOptions {
  /** The master's address, e.g. `http://127.0.0.1:8080`. */
  url: string;
  /** A monitored service that is no master wants none. */
  token?: string;
  /** For how long a master that is starting or stopping is asked again; 0. It has done nothing of what it was asked then. */
  patienceSeconds?: number;
  /** Set by a worker: its bytes count as this node's transfer. */
  node?: string;
}

interface Call {
  method?: string;
  query?: Record<string, string | number | undefined>;
  json?: unknown;
  body?: ReadableStream | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** What comes of a log that is followed. */
export type LogEvent = { type: 'chunk'; chunk: LogChunk } | { type: 'end'; state: EndedJobState };

/** What comes of the stream of bandwidth. */
export type BandwidthEvent =
  | { type: 'service'; service: ServiceInfo }
  | { type: 'history'; history: BandwidthHistory }
  | { type: 'bandwidth'; bandwidth: Bandwidth };

/** No master answers at the address. */
export class UnreachableError extends Error {
  readonly code = 'unreachable';
  constructor(url: string, options: ErrorOptions) {
    const cause = options.cause as { cause?: { code?: string; message?: string } } | undefined;
    const why = cause?.cause?.code ?? cause?.cause?.message ?? 'no answer';
    super(`no master answers at ${url} (${why}); is it running, and is --master right?`, options);
    this.name = 'UnreachableError';
  }
}

/**
 * The API as functions. Every one throws {@link ProblemError} for an answer that is a problem and
 * {@link UnreachableError} when nothing answers; all take an `AbortSignal`.
 *
 * @example
 * const master = new Client({ url: 'http://127.0.0.1:8080', token });
 * const job = await master.submit({ command: 'echo', args: ['hello'] });
 */
export class Client {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #patienceMs: number;

  constructor(options: ClientOptions) {
    this.#url = options.url.replace(/\/+$/, '');
    this.#headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
    this.#patienceMs = 1000 * (options.patienceSeconds ?? 0);
    if (options.node !== undefined) this.#headers[nodeHeader] = options.node;
  }

  submit(job: JobSubmission, signal?: AbortSignal): Promise<Job> {
    return this.#json('/jobs', { method: 'POST', json: job, signal });
  }

  jobs(
    filter: { queue?: string; state?: JobState; cursor?: string; limit?: number } = {},
    signal?: AbortSignal,
  ): Promise<JobList> {
    return this.#json('/jobs', { query: filter, signal });
  }

  /** All of these jobs or none; they may depend on each other. */
  submitAll(jobs: readonly JobSubmission[], signal?: AbortSignal): Promise<Job[]> {
    return this.#json('/jobs', { method: 'POST', json: jobs, signal });
  }

  /** Cancels a job that has not ended; one that runs is `cancelling` until its attempt has ended. */
  cancel(id: string, signal?: AbortSignal): Promise<Job> {
    return this.#json(`/jobs/${encodeURIComponent(id)}/cancel`, { method: 'POST', signal });
  }

  /** Tries a job again that failed, timed out or was cancelled, and with it the jobs that it had taken with it. */
  retry(id: string, signal?: AbortSignal): Promise<Job> {
    return this.#json(`/jobs/${encodeURIComponent(id)}/retry`, { method: 'POST', signal });
  }

  /** Those of these jobs that are there, in short: at most 1,000 at a time. */
  findJobs(query: JobQuery, signal?: AbortSignal): Promise<FoundJobs> {
    return this.#json('/jobs/find', { method: 'POST', json: query, signal });
  }

  job(id: string, signal?: AbortSignal): Promise<Job> {
    return this.#json(`/jobs/${encodeURIComponent(id)}`, { signal });
  }

  logs(id: string, filter: LogFilter = {}, signal?: AbortSignal): Promise<JobLogs> {
    return this.#json(`/jobs/${encodeURIComponent(id)}/logs`, { query: { ...filter }, signal });
  }

  /** The job's log as text, as a stream. */
  logText(id: string, filter: LogFilter = {}, signal?: AbortSignal): Promise<Response> {
    return this.#call(`/jobs/${encodeURIComponent(id)}/logs`, { query: { ...filter, format: 'text' }, signal });
  }

  /**
   * The job's log as it comes. Its last event is `end`; without one the connection broke off, and another call goes on with
   * `after` the last sequence.
   */
  async *followLogs(id: string, filter: LogFilter = {}, signal?: AbortSignal): AsyncGenerator<LogEvent> {
    const response = await this.#call(`/jobs/${encodeURIComponent(id)}/logs`, {
      query: { ...filter, follow: '' },
      headers: { accept: 'text/event-stream' },
      signal,
    });
    if (!response.body) return;
    try {
      for await (const { type, data } of readEvents(response.body, silenceMs)) {
        if (type === 'chunk') yield { type, chunk: JSON.parse(data) as LogChunk };
        else if (type === 'end') yield { type, ...(JSON.parse(data) as { state: EndedJobState }) };
      }
    } catch (error) {
      if (!(error instanceof SilentStreamError)) throw error;
    }
  }

  /** One file of a job, as a stream. */
  download(id: string, name: string, signal?: AbortSignal): Promise<Response> {
    return this.#call(`/jobs/${encodeURIComponent(id)}/files/${encodeURIComponent(name)}`, { signal });
  }

  nodes(signal?: AbortSignal): Promise<NodeList> {
    return this.#json('/nodes', { signal });
  }

  node(id: string, signal?: AbortSignal): Promise<NodeDetail> {
    return this.#json(`/nodes/${encodeURIComponent(id)}`, { signal });
  }

  /** The node is given no further jobs; what it runs goes on. */
  drainNode(id: string, signal?: AbortSignal): Promise<Node> {
    return this.#json(`/nodes/${encodeURIComponent(id)}/drain`, { method: 'POST', signal });
  }

  /** The node is given jobs again. */
  resumeNode(id: string, signal?: AbortSignal): Promise<Node> {
    return this.#json(`/nodes/${encodeURIComponent(id)}/resume`, { method: 'POST', signal });
  }

  /** Deletes the record of a node whose worker is gone. */
  async deleteNode(id: string, signal?: AbortSignal): Promise<void> {
    const response = await this.#call(`/nodes/${encodeURIComponent(id)}`, { method: 'DELETE', signal });
    await response.body?.cancel();
  }

  register(node: NodeRegistration, signal?: AbortSignal): Promise<NodeSession> {
    return this.#json('/nodes/register', { method: 'POST', json: node, signal });
  }

  heartbeat(node: string, heartbeat: Heartbeat, signal?: AbortSignal): Promise<HeartbeatReply> {
    return this.#json(`/nodes/${encodeURIComponent(node)}/heartbeat`, { method: 'POST', json: heartbeat, signal });
  }

  /** Tells the master that the worker has stopped: its node is `stopped` at once, and never `lost`. */
  async goodbye(node: string, goodbye: Goodbye, signal?: AbortSignal): Promise<void> {
    const call = { method: 'POST', json: goodbye, signal };
    const response = await this.#call(`/nodes/${encodeURIComponent(node)}/goodbye`, call);
    await response.body?.cancel();
  }

  claim(node: string, request: ClaimRequest, signal?: AbortSignal): Promise<ClaimReply> {
    return this.#json(`/nodes/${encodeURIComponent(node)}/claim`, { method: 'POST', json: request, signal });
  }

  /** Appends to a log. `offset`: the stream's bytes before this chunk; a repeated chunk is not doubled. */
  async appendLog(
    { jobId, attempt }: AttemptRef,
    chunk: { stream: LogStreamName; offset: number; bytes: Uint8Array<ArrayBuffer> },
    signal?: AbortSignal,
  ): Promise<void> {
    const response = await this.#call(`/jobs/${jobId}/attempts/${attempt}/logs`, {
      method: 'POST',
      query: { stream: chunk.stream, offset: chunk.offset },
      headers: { 'content-type': 'application/octet-stream' },
      body: chunk.bytes,
      signal,
    });
    await response.body?.cancel();
  }

  async result({ jobId, attempt }: AttemptRef, result: AttemptResult, signal?: AbortSignal): Promise<void> {
    const response = await this.#call(`/jobs/${jobId}/attempts/${attempt}/result`, {
      method: 'POST',
      json: result,
      signal,
    });
    await response.body?.cancel();
  }

  /** Is the blob stored? Its size in bytes, or `undefined`. */
  async blobSize(sha256: string, signal?: AbortSignal): Promise<number | undefined> {
    try {
      const response = await this.#call(`/blobs/${sha256}`, { method: 'HEAD', signal });
      return Number(response.headers.get('content-length'));
    } catch (error) {
      if (error instanceof ProblemError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** A blob as a stream. `attempt`: whose cost it is. */
  blob(sha256: string, attempt?: AttemptRef, signal?: AbortSignal): Promise<Response> {
    return this.#call(`/blobs/${sha256}`, { headers: attemptHeaders(attempt), signal });
  }

  /** Stores a blob, streamed; the master checks its SHA-256 against its name. */
  putBlob(
    sha256: string,
    sizeBytes: number,
    content: ReadableStream,
    attempt?: AttemptRef,
    signal?: AbortSignal,
  ): Promise<Blob> {
    return this.#json(`/blobs/${sha256}`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(sizeBytes),
        ...attemptHeaders(attempt),
      },
      body: content,
      signal,
    });
  }

  /** What a service moves, as it moves: first what it is and what it remembers, then its totals each second. */
  async *followBandwidth(signal?: AbortSignal): AsyncGenerator<BandwidthEvent> {
    const response = await this.#call('/bandwidth/stream', { headers: { accept: 'text/event-stream' }, signal });
    if (!response.body) return;
    for await (const { type, data } of readEvents(response.body, bandwidthSilenceMs)) {
      if (type === 'service') yield { type, service: JSON.parse(data) as ServiceInfo };
      else if (type === 'history') yield { type, history: JSON.parse(data) as BandwidthHistory };
      else if (type === 'message') yield { type: 'bandwidth', bandwidth: JSON.parse(data) as Bandwidth };
    }
  }

  /** The largest transfers that are under way. */
  transfers(signal?: AbortSignal): Promise<BandwidthTransfers> {
    return this.#json('/bandwidth/transfers', { signal });
  }

  bandwidth(signal?: AbortSignal): Promise<Bandwidth> {
    return this.#json('/bandwidth', { signal });
  }

  async #json<T>(path: string, call: Call): Promise<T> {
    const response = await this.#call(path, call);
    return (await response.json()) as T;
  }

  async #call(path: string, call: Call): Promise<Response> {
    const untilMs = performance.now() + this.#patienceMs;
    for (;;) {
      try {
        return await this.#callOnce(path, call);
      } catch (error) {
        // A stream can be sent once.
        const isLast = call.body instanceof ReadableStream || performance.now() > untilMs || call.signal?.aborted;
        if (isLast || !(error instanceof ProblemError) || !passing.includes(error.code)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000 * (error.retryAfterSeconds ?? 1)));
      }
    }
  }

  async #callOnce(
    path: string,
    { method = 'GET', query = {}, json, body, headers = {}, signal }: Call,
  ): Promise<Response> {
    const url = new URL(this.#url + path);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const init: RequestInit = { method, headers: { ...this.#headers, ...headers }, redirect: 'error' };
    if (signal) init.signal = signal;
    if (json !== undefined) {
      init.body = JSON.stringify(json);
      init.headers = { ...init.headers, 'content-type': 'application/json' };
    } else if (body !== undefined) {
      init.body = body;
      if (body instanceof ReadableStream) Object.assign(init, { duplex: 'half' });
    }
    let response: Response;
    try {
      response = await fetch(url, init);
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new UnreachableError(this.#url, { cause });
    }
    if (response.ok) return response;
    throw await problemOf(response);
  }
}

function attemptHeaders(attempt: AttemptRef | undefined): Record<string, string> {
  return attempt ? { [attemptHeader]: `${attempt.jobId}/${attempt.attempt}` } : {};
}

async function problemOf(response: Response): Promise<ProblemError> {
  const problem = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  const code =
    problem?.code !== undefined && problem.code in problems ? (problem.code as ProblemCode) : codeOf(response.status);
  return new ProblemError(code, problem?.detail ?? `the master answered ${response.status}`);
}

function codeOf(status: number): ProblemCode {
  const found = Object.entries(problems).find(([, problem]) => problem.status === status);
  return (found?.[0] ?? 'internal') as ProblemCode;
}

/** Problems of a master that had done nothing yet. */
const passing: readonly ProblemCode[] = ['starting', 'stopping'];

/** The master sends a sign of life each 15 s: after three that don't come the connection is dead. */
const silenceMs = 45_000;
/** The stream of bandwidth says something each second. */
const bandwidthSilenceMs = 15_000;
