import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { beforeEach, expect, test } from 'vitest';
import { Accounts, type ConnectionAccount } from '../src/capture/accounts.ts';
import type { Flow } from '../src/capture/attribution.ts';
import type { Exchange } from '../src/capture/exchange.ts';
import { Http2Attribution } from '../src/capture/protocols/http2/http2.ts';
import { StreamHooks, type StreamListener } from '../src/capture/protocols/http2/http2-hooks.ts';
import { StreamResponse, toRequest } from '../src/capture/protocols/http2/http2-request.ts';

// Turns and readings in an order that no real peer keeps to; real ones: http2.test.ts and accuracy/.

const frameHeader = 9;
const preface = 24 + frameHeader;
const settings = frameHeader;
const acknowledged = frameHeader;
/** `:method: GET` and `:path: /` from the static table. */
const head = frameHeader + 2;
const handleKey = Symbol('kHandle');

/** A stream of Node's as far as it is looked at; no peer is behind it. */
class Stream {
  readonly [handleKey] = { bytesRead: 0, bytesWritten: 0 };
  readonly id: number;
  readonly session: EventEmitter;
  endAfterHeaders = true;
  readableEnded = true;
  headersSent = true;
  sentHeaders = { ':status': 200 };
  aborted = false;
  closed = false;
  rstCode = 0;
  writableEnded = true;
  writableLength = 0;
  /** Of what was submitted, how much waits. */
  bufferSize = 0;

  constructor(id: number, session: EventEmitter) {
    this.id = id;
    this.session = session;
  }

  _destroy(): void {}
  close(): void {}
  pushStream(): void {}
}

class Connection {
  readonly flow = { in: preface, out: 0, submitted: null, hasUnsent: false, isRefused: false, read() {} };
  readonly session = Object.assign(new EventEmitter(), { localSettings: {}, remoteSettings: {} });
  readonly unattributed = { in: 0, out: 0 };
  readonly ended: { exchange: Exchange; out: number; isAborted: boolean }[] = [];
  readonly attribution: Http2Attribution;
  #deferred: (() => void)[] = [];
  #nextId = 1;

  constructor() {
    const accounts = new Accounts();
    accounts.all = [
      {
        openExchange: () => ({}),
        attribute: () => {},
        endExchange: (exchange: Exchange, _account: object, isAborted: boolean) =>
          this.ended.push({ exchange, out: exchange.out, isAborted }),
        addUnattributed: (_reason: string, bytesIn: number, bytesOut: number) => {
          this.unattributed.in += bytesIn;
          this.unattributed.out += bytesOut;
        },
      } as unknown as ConnectionAccount,
    ];
    const defer = (action: () => void) => void this.#deferred.push(action);
    this.attribution = new Http2Attribution(this.flow as unknown as Flow, accounts, defer);
  }

  get deferred(): number {
    return this.#deferred.length;
  }

  /** A request without a body comes. */
  begin(): Stream {
    const stream = new Stream(this.#nextId, this.session);
    this.#nextId += 2;
    const like = stream as unknown as ServerHttp2Stream;
    StreamHooks.install(like, {} as StreamListener);
    this.flow.in += head;
    const raw = [':method', 'GET', ':path', '/'];
    this.attribution.begin(toRequest(like, { ':method': 'GET', ':path': '/' }, raw), new StreamResponse(like));
    return stream;
  }

  /** The server answers: its head is one byte and a frame, its DATA as long as given. */
  answer(stream: Stream, data: number, { waiting = 0 } = {}): void {
    stream[handleKey].bytesWritten += data;
    stream.bufferSize = waiting;
    this.flow.out += frameHeader + 1;
  }

  /** The turns of the event loop that were asked for. */
  turn(): void {
    for (const action of this.#deferred.splice(0)) action();
  }
}

let connection: Connection;
beforeEach(() => {
  connection = new Connection();
});

/** The connection has begun: settings have gone both ways. */
function begun(): Stream {
  const stream = connection.begin();
  connection.flow.out += settings + acknowledged;
  connection.turn();
  return stream;
}

test('a stream that is answered whole ends in the turn after it goes', () => {
  const stream = begun();
  connection.answer(stream, 1000);
  connection.flow.out += 1000 + frameHeader;
  connection.attribution.finish(stream);
  expect(connection.ended).toEqual([]);
  expect(connection.deferred).toBe(1);
  connection.turn();
  expect(connection.ended).toMatchObject([{ out: frameHeader + 1 + 1000 + frameHeader, isAborted: false }]);
  expect(connection.attribution.isIdle).toBe(true);
  expect(connection.unattributed).toEqual({ in: preface, out: settings + acknowledged });
});

test('input that nothing explains is looked at once more, and only once at a time', () => {
  begun();
  connection.attribution.sample();
  expect(connection.deferred).toBe(0);
  connection.flow.in += 4000;
  connection.attribution.sample();
  connection.attribution.sample();
  expect(connection.deferred).toBe(1);
  connection.turn();
  connection.attribution.sample();
  expect(connection.deferred).toBe(1);
  connection.turn();
  connection.attribution.close();
  expect(connection.unattributed.in).toBeGreaterThan(3500);
});

test('a stream cut off alone with a write under way is known from what has left', () => {
  const stream = begun();
  connection.answer(stream, 1000, { waiting: 1000 });
  connection.flow.out += 400;
  connection.attribution.finish(stream);
  connection.turn();
  expect(connection.ended).toMatchObject([{ out: frameHeader + 1 + 400, isAborted: true }]);
});

test.each([
  ['its end is doubtful', { rstCode: 8 }, false],
  ['another’s write is under way', {}, true],
])('a stream with a write under way is kept until Node tells, when %s', (_case, state, hasOther) => {
  const stream = begun();
  if (hasOther) connection.answer(connection.begin(), 5000, { waiting: 5000 });
  connection.answer(Object.assign(stream, state), 1000, { waiting: 1000 });
  connection.flow.out += 400;
  connection.attribution.sample();
  connection.attribution.finish(stream);
  connection.turn();
  connection.attribution.sample();
  expect(connection.ended).toEqual([]);
  connection.attribution.close();
  expect(connection.ended.map(({ isAborted }) => isAborted)).toEqual(hasOther ? [true, true] : [true]);
});

test('a stream whose DATA waits for the kernel is kept until that has left', () => {
  const stream = begun();
  connection.answer(stream, 1000);
  connection.flow.out += 400;
  connection.flow.hasUnsent = true;
  connection.attribution.finish(stream);
  connection.turn();
  expect(connection.ended).toEqual([]);
  connection.flow.hasUnsent = false;
  connection.flow.out += 609;
  connection.attribution.sample();
  expect(connection.ended).toMatchObject([{ out: frameHeader + 1 + 1009, isAborted: false }]);
});

test('what leaves while no stream is open is the session’s', () => {
  const stream = begun();
  connection.answer(stream, 0);
  connection.attribution.finish(stream);
  connection.turn();
  connection.flow.out += 500;
  const before = connection.unattributed.out;
  connection.begin();
  expect(connection.unattributed.out - before).toBe(500);
});

test('nothing is read any more once the connection is closed', () => {
  begun();
  connection.attribution.close();
  const { length } = connection.ended;
  expect(length).toBe(1);
  connection.flow.in += 1000;
  connection.attribution.sample();
  connection.attribution.close();
  connection.turn();
  expect(connection.ended).toHaveLength(length);
  expect(connection.attribution.exchanges).toEqual([]);
});
