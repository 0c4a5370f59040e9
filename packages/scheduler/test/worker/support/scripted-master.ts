import { createHash, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AttemptRef, AttemptResult, ClaimedAttempt, NodeRegistration } from '@weighbridge/protocol';

// It stands beside the real master because it makes faults on purpose that the real one doesn't: it falls silent,
// breaks answers off, calls attempts stale, sends a blob with another content.

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void> | void;

interface LogAppend {
  attempt: string;
  stream: string;
  offset: number;
  text: string;
}

/** A master whose answers a test writes. Emits `result`, `log`, `heartbeat`, `register`, `goodbye`. */
export class ScriptedMaster extends EventEmitter {
  readonly token = 'a-token';
  readonly blobs = new Map<string, Buffer>();
  readonly logs: LogAppend[] = [];
  readonly registrations: NodeRegistration[] = [];
  /** Requests as `METHOD /path`, without the query. */
  readonly requests: string[] = [];
  leaseSeconds = 10;
  heartbeatSeconds = 0.25;
  /** What the claims that wait now asked for, the oldest first. */
  readonly waitingSlots: number[] = [];
  /** Hands out more than was asked for. */
  isGenerous = false;
  /** Attempts that the next heartbeat's reply ends. */
  end: AttemptRef[] = [];
  /** Called before any other answer; true when it has answered. */
  fault: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #ready: ClaimedAttempt[] = [];
  readonly #server = createServer((request, response) => this.#answer(request, response));

  static async listen(): Promise<ScriptedMaster> {
    const master = new ScriptedMaster();
    master.#server.listen(0, '127.0.0.1');
    await once(master.#server, 'listening');
    return master;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  store(content: string | Buffer): string {
    const bytes = Buffer.from(content);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.blobs.set(sha256, bytes);
    return sha256;
  }

  /** Hands out a job at the next claim and settles with its result. */
  async run(job: Partial<ClaimedAttempt>): Promise<AttemptResult> {
    const ref = this.hand(job);
    for (;;) {
      const [path, result] = (await once(this, 'result')) as [string, AttemptResult];
      if (path === `/jobs/${ref.jobId}/attempts/${ref.attempt}/result`) return result;
    }
  }

  /** Hands out a job at the next claim. */
  hand(job: Partial<ClaimedAttempt>): AttemptRef {
    const attempt: ClaimedAttempt = {
      jobId: randomUUID(),
      attempt: 1,
      queue: 'default',
      command: 'sh',
      args: [],
      env: {},
      inputs: [],
      outputs: [],
      optionalOutputs: [],
      slots: 1,
      timeoutSeconds: 60,
      leaseSeconds: this.leaseSeconds,
      heartbeatSeconds: this.heartbeatSeconds,
      ...job,
    };
    this.#ready.push(attempt);
    this.emit('ready');
    return { jobId: attempt.jobId, attempt: attempt.attempt };
  }

  /** What came of a stream, put together by its offsets; throws where they leave a gap. */
  text(stream: string, { jobId, attempt }: AttemptRef): string {
    let text = Buffer.alloc(0);
    for (const chunk of this.logs.filter((log) => log.stream === stream && log.attempt === `${jobId}/${attempt}`)) {
      if (chunk.offset > text.length) throw new Error(`${stream} has a gap at ${text.length}`);
      if (chunk.offset === text.length) text = Buffer.concat([text, Buffer.from(chunk.text, 'latin1')]);
    }
    return text.toString();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const url = new URL(request.url ?? '/', 'http://master');
    this.requests.push(`${request.method} ${url.pathname}`);
    if (this.fault(request, response)) return;
    const handler = this.#routes.find(([route]) => route.test(`${request.method} ${url.pathname}`))?.[1];
    if (request.headers.authorization !== `Bearer ${this.token}`) return problem(response, 401, 'unauthorized');
    if (!handler) return problem(response, 404, 'not-found');
    await Promise.resolve(handler(request, response, url)).catch(() => response.destroy());
  }

  readonly #routes: [RegExp, Handler][] = [
    [/^POST \/nodes\/register$/, (request, response) => this.#register(request, response)],
    [/^POST \/nodes\/[^/]+\/heartbeat$/, (request, response) => this.#heartbeat(request, response)],
    [/^POST \/nodes\/[^/]+\/goodbye$/, (request, response) => this.#goodbye(request, response)],
    [/^POST \/nodes\/[^/]+\/claim$/, (request, response) => this.#claim(request, response)],
    [/^POST \/jobs\/.*\/logs$/, (request, response, url) => this.#log(request, response, url)],
    [/^POST \/jobs\/.*\/result$/, (request, response, url) => this.#result(request, response, url)],
    [/^(HEAD|GET|PUT) \/blobs\//, (request, response, url) => this.#blob(request, response, url)],
  ];

  async #register(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const node = JSON.parse((await bodyOf(request)).toString()) as NodeRegistration;
    this.registrations.push(node);
    json(response, { id: node.name, session: randomUUID(), draining: false, heartbeatSeconds: this.heartbeatSeconds });
    this.emit('register', node);
  }

  async #heartbeat(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse((await bodyOf(request)).toString());
    json(response, { end: this.end.splice(0) });
    this.emit('heartbeat', body);
  }

  async #goodbye(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse((await bodyOf(request)).toString());
    response.writeHead(204).end();
    this.emit('goodbye', body);
  }

  async #claim(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { slots } = JSON.parse((await bodyOf(request)).toString()) as { slots: number };
    const arrivedMs = performance.now();
    if (this.#ready.length === 0) {
      const left = new AbortController();
      response.on('close', () => left.abort());
      this.waitingSlots.push(slots);
      const ready = once(this, 'ready', { signal: left.signal });
      await ready.finally(() => this.waitingSlots.splice(this.waitingSlots.indexOf(slots), 1));
    }
    const attempts: ClaimedAttempt[] = [];
    let free = this.isGenerous ? Number.POSITIVE_INFINITY : slots;
    while (this.#ready[0] && this.#ready[0].slots <= free) {
      const attempt = this.#ready.shift() as ClaimedAttempt;
      free -= attempt.slots;
      attempts.push(attempt);
    }
    json(response, { attempts, waitedSeconds: (performance.now() - arrivedMs) / 1000 });
  }

  async #log(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const text = (await bodyOf(request)).toString('latin1');
    const [, , jobId, , attempt] = url.pathname.split('/');
    const log = {
      attempt: `${jobId}/${attempt}`,
      stream: url.searchParams.get('stream') ?? '',
      offset: Number(url.searchParams.get('offset')),
      text,
    };
    this.logs.push(log);
    response.writeHead(204).end();
    this.emit('log', log);
  }

  async #result(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const result = JSON.parse((await bodyOf(request)).toString());
    response.writeHead(204).end();
    this.emit('result', url.pathname, result);
  }

  async #blob(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const sha256 = url.pathname.slice('/blobs/'.length);
    if (request.method === 'PUT') {
      const content = await bodyOf(request);
      this.blobs.set(sha256, content);
      return json(response, { sha256, sizeBytes: content.length }, 201);
    }
    const content = this.blobs.get(sha256);
    if (!content) return problem(response, 404, 'not-found');
    response.writeHead(200, { 'content-length': content.length }).end(request.method === 'HEAD' ? undefined : content);
  }
}

export function problem(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(
    JSON.stringify({ type: `urn:weighbridge:problem:${code}`, title: code, status, detail: `${code} it is`, code }),
  );
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
