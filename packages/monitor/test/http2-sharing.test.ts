import type { ServerHttp2Stream } from 'node:http2';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Accounts, type ConnectionAccount } from '../src/capture/accounts.ts';
import type { Flow } from '../src/capture/attribution.ts';
import type { Way } from '../src/capture/protocols/http2/http2-flow.ts';
import { StreamResponse, toRequest } from '../src/capture/protocols/http2/http2-request.ts';
import { SessionFrames } from '../src/capture/protocols/http2/http2-session.ts';
import { Http2Sharing } from '../src/capture/protocols/http2/http2-sharing.ts';
import { StreamExchange } from '../src/capture/protocols/http2/http2-stream.ts';

// The arithmetic alone: what real peers make of it stands in http2.test.ts and in the scenarios of accuracy/.

const frameHeader = 9;
const windowUpdate = 13;

/** A stream as far as an exchange looks at it; no peer is behind it. */
function makeExchange(stream: Partial<ServerHttp2Stream> & { ownsFd?: boolean } = {}): StreamExchange {
  const whole = { endAfterHeaders: true, headersSent: true, aborted: false, rstCode: 0, writableEnded: true };
  const like = { ...whole, ...stream } as ServerHttp2Stream;
  return new StreamExchange(
    toRequest(like, { ':method': 'GET', ':path': '/' }, [], null),
    new StreamResponse(like),
    like,
  );
}

/** A connection that has moved what a test says, with its streams. */
class Sharing {
  readonly flow = { in: 0, out: 0, submitted: null, hasUnsent: false, isRefused: false, read() {} };
  readonly session = new SessionFrames();
  readonly unattributed: Record<string, { in: number; out: number }> = {};
  readonly streams: StreamExchange[];
  readonly sharing: Http2Sharing;

  constructor(streams = 0, isEncrypted = false) {
    this.streams = Array.from({ length: streams }, () => makeExchange());
    const accounts = new Accounts();
    accounts.all = [
      {
        addUnattributed: (reason: string, bytesIn: number, bytesOut: number) => {
          const sum = this.unattributed[reason] ?? { in: 0, out: 0 };
          this.unattributed[reason] = { in: sum.in + bytesIn, out: sum.out + bytesOut };
        },
      } as unknown as ConnectionAccount,
    ];
    this.sharing = new Http2Sharing(this.streams, this.session, this.flow as unknown as Flow, accounts, isEncrypted);
  }

  /** What each stream has been given since this was last asked. */
  readonly gained = (way: Way): number[] => this.streams.map((stream) => stream.flow(way).takeGained());

  readonly at = (index: number): StreamExchange => this.streams[index] as StreamExchange;
}

/** DATA that has surely crossed. */
function addData(exchange: StreamExchange, way: Way, bytes: number): void {
  const flow = exchange.flow(way);
  flow.data += bytes;
  flow.most += bytes;
}

describe('what surely crossed', () => {
  test('is DATA with its frames first, each stream its own', () => {
    const { sharing, flow, at, gained } = new Sharing(2);
    addData(at(0), 'out', 100);
    addData(at(1), 'out', 20_000);
    at(0).sent.overhead = 50;
    flow.out = 100 + frameHeader + 20_000 + 2 * frameHeader;
    expect(sharing.share(true)).toBe(-1);
    expect(gained('out')).toEqual([109, 20_018]);
    expect(sharing.moved('out')).toBe(0);
  });

  test('is then heads, those of streams that end first, the others in proportion, the session with them', () => {
    const { sharing, flow, session, at, gained, unattributed } = new Sharing(3);
    at(0).sent.overhead = 30;
    at(1).sent.overhead = 60;
    at(2).sent.overhead = 20;
    at(2).isDone = true;
    session.out.overhead = 10;
    flow.out = 20 + 50;
    sharing.share(true);
    expect(gained('out')).toEqual([15, 30, 20]);
    expect(unattributed).toEqual({ http2_session: { in: 0, out: 5 } });
    flow.out = 20 + 100;
    sharing.share(true);
    expect(gained('out')).toEqual([15, 30, 0]);
    expect(unattributed).toEqual({ http2_session: { in: 0, out: 10 } });
  });
});

describe('what is under way', () => {
  test('is what is left, with one such write', () => {
    const { sharing, flow, at, gained } = new Sharing(2);
    at(0).sent.most = 1000;
    addData(at(1), 'out', 10);
    flow.out = 19 + 400;
    sharing.share(true);
    expect(gained('out')).toEqual([400, 19]);
  });

  test('is only what the others can’t have sent, with several', () => {
    const { sharing, flow, at, gained } = new Sharing(2);
    at(0).sent.most = 1000;
    at(1).sent.most = 500;
    flow.out = 800;
    sharing.share(true);
    expect(gained('out')).toEqual([800 - 509, 0]);
    flow.out = 1009 + 509;
    sharing.share(true);
    expect(gained('out')).toEqual([1009 - 291, 509]);
  });

  test('is no more than the client allowed, unless more has crossed', () => {
    const { sharing, flow, at, gained } = new Sharing(2);
    at(0).sent.most = 1000;
    at(0).sent.window = 100;
    at(1).sent.most = 300;
    flow.out = 109 + 309;
    sharing.share(true);
    expect(gained('out')).toEqual([109, 309]);
    flow.out += 500;
    sharing.share(true);
    expect(gained('out')).toEqual([500, 0]);
  });

  test.each([
    ['a frame could be in it', windowUpdate, [0, 0]],
    ['it is shorter than any frame', windowUpdate - 1, [109, 0]],
  ])('waits while input isn’t told whose it is: %s', (_case, unknown, expected) => {
    const { sharing, flow, at, gained } = new Sharing(2);
    at(0).sent.most = 1000;
    at(0).sent.window = 100;
    flow.in = unknown;
    flow.out = 109;
    expect(sharing.share(false)).toBe(unknown);
    expect(gained('out')).toEqual(expected);
    sharing.isOpening = true;
    sharing.share(false);
    expect(sharing.moved('out')).toBe(0);
  });

  test('could be more than was allowed, after input that may have allowed it', () => {
    const { sharing, flow, at } = new Sharing(1);
    at(0).sent.window = 100;
    flow.in = windowUpdate - 1;
    sharing.share(true);
    expect(at(0).sent.window).toBe(100);
    flow.in = windowUpdate;
    sharing.share(true);
    expect(at(0).sent.window).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('what nothing explains', () => {
  test('is the session’s at once when it was sent, and at the second look when it was received', () => {
    const { sharing, session, unattributed } = new Sharing();
    sharing.shareRest('out', 40);
    sharing.shareRest('in', 30);
    expect(unattributed).toEqual({ http2_session: { in: 0, out: 40 } });
    sharing.shareRest('in', 50);
    expect(unattributed).toEqual({ http2_session: { in: 30, out: 40 } });
    expect(session.in).toMatchObject({ attributed: 30, unexplained: 20 });
    expect(session.out).toMatchObject({ attributed: 40, unexplained: 0 });
  });

  test.each([
    [false, { http2_session: { in: 61, out: 500 } }],
    [true, { http2_session: { in: 61, out: 0 }, tls_handshake: { in: 0, out: 500 } }],
  ])('at the beginning is SETTINGS, with TLS (%s) also the handshake', (isEncrypted, unattributed) => {
    const connection = new Sharing(0, isEncrypted);
    connection.sharing.isOpening = true;
    connection.sharing.shareRest('in', 100);
    connection.sharing.shareRest('out', 500);
    expect(connection.unattributed).toEqual(unattributed);
    expect(connection.session.in.unexplained).toBe(100 - 61);
  });

  test('is for streams that are gone, as long as DATA may come for them', () => {
    const { sharing, unattributed } = new Sharing();
    sharing.strayBytes = 100;
    sharing.shareRest('in', 70);
    expect(sharing.strayBytes).toBe(30);
    sharing.shareRest('in', 70);
    expect(sharing.strayBytes).toBe(0);
    expect(unattributed).toEqual({ http2_session: { in: 100, out: 0 } });
  });

  test('is the client’s telling to go on, on each stream and on the connection', () => {
    const { sharing, session, at, gained, unattributed } = new Sharing(2);
    const { clientUpdatesAfter, updateAfter } = session;
    at(1).sent.addData(clientUpdatesAfter * 2);
    gained('out');
    session.out.data = updateAfter * 4;
    sharing.shareRest('in', windowUpdate * 2 + windowUpdate * 4);
    expect(gained('in')).toEqual([0, windowUpdate * 2]);
    expect(unattributed).toEqual({ http2_session: { in: windowUpdate * 4, out: 0 } });
    expect(session.out.updates).toBe(4);
  });

  test('of a client that tells less often for the connection is expected half as often each time', () => {
    const { sharing, session } = new Sharing();
    session.out.data = session.updateAfter * 8;
    sharing.shareRest('in', 2 * windowUpdate);
    expect(session.out.updates).toBe(2 + 3);
  });

  test('is shared by what each stream has moved', () => {
    const { sharing, at, gained, unattributed } = new Sharing(3);
    // By weight 1 + 40 / 4, 1 + 9, and nothing where nothing has moved.
    at(0).sent.slack = 40;
    addData(at(1), 'out', 1024);
    at(1).sent.addData(1033);
    gained('out');
    sharing.shareRest('out', 21);
    expect(gained('out')).toEqual([11, 10, 0]);
    // What is told apart once counts no more.
    sharing.shareRest('out', 21);
    expect(gained('out')).toEqual([0, 0, 0]);
    expect(unattributed).toEqual({ http2_session: { in: 0, out: 21 } });
  });

  test('is also what a stream that has moved the other way, or has ended, may have needed', () => {
    const { sharing, at, gained } = new Sharing(3);
    // By weight 1 + 4096 / 4096, 1, and 0.
    addData(at(0), 'in', 4096);
    at(1).isDone = true;
    sharing.shareRest('out', 30);
    expect(gained('out')).toEqual([20, 10, 0]);
  });

  test.each([
    [false, 100 + 2048 * frameHeader + windowUpdate * (2 + 3)],
    [true, 100 + 2048 * frameHeader + windowUpdate * (2 + 3) + 3 * 29 + 8],
  ])(
    'is a stream’s only as far as its frames can be so much longer, with TLS (%s) by records too',
    (isEncrypted, most) => {
      const { sharing, at, gained, unattributed } = new Sharing(1, isEncrypted);
      const stream = at(0);
      stream.received.slack = 100;
      addData(stream, 'in', 2048);
      addData(stream, 'out', 3072);
      sharing.shareRest('in', 1_000_000);
      expect(gained('in')).toEqual([most]);
      expect(unattributed).toEqual({});
    },
  );
});

test('nothing is shared twice, and nothing that hasn’t crossed', () => {
  const length = fc.integer({ min: 0, max: 70_000 });
  const stream = fc.record({ data: length, more: length, overhead: length, slack: length, isDone: fc.boolean() });
  const turn = fc.record({ in: length, out: length, streams: fc.array(stream, { minLength: 3, maxLength: 3 }) });
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 8 }), fc.boolean(), (turns, isEncrypted) => {
      const { sharing, flow, session, at, gained, unattributed } = new Sharing(3, isEncrypted);
      const sums = { in: 0, out: 0 };
      for (const { in: bytesIn, out, streams } of turns) {
        flow.in += bytesIn;
        flow.out += out;
        for (const [index, { data, more, overhead, slack, isDone }] of streams.entries()) {
          for (const way of ['in', 'out'] as const) {
            addData(at(index), way, data);
            at(index).flow(way).overhead += overhead;
            at(index).flow(way).slack = slack;
          }
          at(index).sent.most += more;
          at(index).isDone = isDone;
        }
        const left = sharing.share(true);
        if (left >= 0) sharing.shareRest('in', left);
        for (const way of ['in', 'out'] as const) {
          for (const bytes of gained(way)) {
            expect(bytes).toBeGreaterThanOrEqual(0);
            sums[way] += bytes;
          }
          const own = Object.values(unattributed).reduce((sum, each) => sum + each[way], 0);
          expect(sums[way] + own).toBe(session.flow(way).attributed);
          expect(sharing.moved(way)).toBeGreaterThanOrEqual(0);
        }
      }
    }),
  );
});

test.each([
  [{}, false],
  [{ aborted: true }, true],
  [{ rstCode: 8 }, true],
  [{ writableEnded: false }, true],
  [{ ownsFd: true }, true],
])('whether a response that was %j left whole is doubtful: %s', (stream, isDoubtful) => {
  expect(makeExchange(stream).isDoubtful).toBe(isDoubtful);
});
