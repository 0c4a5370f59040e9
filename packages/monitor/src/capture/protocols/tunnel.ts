import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Accounts } from '../accounts.ts';
import type { Attribution, Flow } from '../attribution.ts';
import { Exchange, type ResponseState } from '../exchange.ts';
import type { Chunk } from '../sockets/counters.ts';
import { SocketHooks } from '../sockets/socket-hooks.ts';

export interface TunnelStart {
  readonly request: IncomingMessage;
  readonly response: ResponseState;
  /** Where its request begins in the flow, and its output once nothing is before it. */
  readonly inStart: number;
  readonly outStart: number;
  /** Exchanges that were pipelined before it and are not answered yet. */
  readonly before: (Attribution & { readonly outEnd: number }) | null;
}

class TunnelExchange extends Exchange {
  constructor({ request, response }: TunnelStart) {
    super();
    this.open(request, response);
  }
}

/** An upgrade or CONNECT: everything that follows is its own, both ways, until the connection closes. */
export class TunnelAttribution implements Attribution {
  readonly idleReason = 'idle';
  readonly #flow: Flow;
  readonly #accounts: Accounts;
  readonly #exchange: TunnelExchange;
  readonly #inStart: number;
  #outStart: number;
  #before: TunnelStart['before'];
  #hasEnded = false;

  constructor(flow: Flow, accounts: Accounts, start: TunnelStart) {
    this.#flow = flow;
    this.#accounts = accounts;
    this.#inStart = start.inStart;
    this.#outStart = start.outStart;
    this.#before = start.before;
    this.#exchange = new TunnelExchange(start);
    accounts.open(this.#exchange);
  }

  begin(): void {
    // HTTP inside the tunnel is the application's own.
  }

  upgrade(): Attribution {
    return this;
  }

  finish(request: object): void {
    this.#before?.finish(request);
    this.#leaveBehind();
  }

  sample(): void {
    this.#flow.read();
    this.#before?.sample();
    this.#leaveBehind();
    this.#attribute(false);
  }

  close(): void {
    this.#flow.read();
    this.#before?.close();
    this.#leaveBehind();
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#attribute(true);
    this.#accounts.end(this.#exchange, this.#exchange.isAborted || this.#flow.isRefused);
  }

  get isIdle(): boolean {
    return this.#hasEnded;
  }

  get exchanges(): readonly Exchange[] {
    return this.#hasEnded ? [] : [...(this.#before?.exchanges ?? []), this.#exchange];
  }

  #attribute(final: boolean): void {
    const { in: bytesIn, out } = this.#flow;
    const exchange = this.#exchange;
    const outStart = this.#before?.outEnd ?? this.#outStart;
    const bytesOut = out - outStart - exchange.out;
    this.#accounts.attribute(exchange, bytesIn - this.#inStart - exchange.in, bytesOut, final);
  }

  /** Once the exchanges before it have ended, output is the tunnel's. */
  #leaveBehind(): void {
    if (this.#before === null || !this.#before.isIdle) return;
    this.#outStart = this.#before.outEnd;
    this.#before = null;
  }
}

/** What the application answers to an upgrade or CONNECT: it writes the head to the socket itself. */
export class TunnelResponse implements ResponseState {
  headersSent = false;
  statusCode = 0;
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
    SocketHooks.find(socket)?.watchWrites(([first]) => {
      if (first !== undefined) this.#read(firstBytes(first));
      return true;
    });
  }

  get writableFinished(): boolean {
    return this.headersSent && this.#socket.errored === null;
  }

  #read(text: string): void {
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
    if (status === undefined) return;
    this.statusCode = Number(status);
    this.headersSent = true;
  }
}

function firstBytes({ chunk }: Chunk): string {
  return typeof chunk === 'string' ? chunk.slice(0, 12) : Buffer.from(chunk).toString('latin1', 0, 12);
}
