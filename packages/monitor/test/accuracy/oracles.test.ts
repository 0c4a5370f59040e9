import { expect, test } from 'vitest';
import { TcpPayload } from './outside/tcp-payload.ts';
import { wireFaults } from './outside/wire-faults.ts';
import { type Outcome, perform } from './perform.ts';
import type { ExpectedExchange, Scenario } from './scenario.ts';

const options = { watched: true, seed: 1, largeBytes: 1000, nextPort: () => 0 };

/** A GET that is right but for one thing. */
function crooked(change: Partial<ExpectedExchange>): Scenario {
  return {
    name: 'crooked',
    async run(stage) {
      const server = await stage.serve((_request, response) => response.end('hello'));
      const client = await stage.connect(server);
      const { sent, received } = await client.ask('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
      stage.expect({
        ...{ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received },
        ...('in' in change || 'out' in change
          ? { in: sent + Number(change.in ?? 0), out: received + Number(change.out ?? 0) }
          : change),
      });
      await client.end();
    },
  };
}

test.each([
  ['one byte of the request', { in: 1 }, /^GET \/a in: expected/],
  ['one byte of the response', { out: -1 }, /^GET \/a 200 out: expected/],
  ['the status', { status: '201' }, /^GET \/a 201 out/],
  ['the endpoint', { endpoint: '/b' }, /^GET \/b has no series/],
  ['an abort', { aborted: true }, /^GET \/a aborted: expected 1, got 0/],
] as const)('a scenario fails by %s', async (_what, change, message) => {
  const { failures } = await perform(crooked(change), options);
  expect(failures).toContainEqual(expect.stringMatching(message));
});

const outcome = (more: Partial<Outcome>): Outcome => ({
  ...{ name: 'any', watched: true, ports: [80], wire: 'exact', snapshots: 1, failures: [] },
  connection: { in: 10, out: 20 },
  ...more,
});

function carried(bytesIn: number, bytesOut: number): TcpPayload {
  const payload = new TcpPayload();
  payload.take({ from: 5000, to: 80, sequence: 7, opens: true, bytes: 0 });
  payload.take({ from: 5000, to: 80, sequence: 8, opens: false, bytes: bytesIn });
  payload.take({ from: 80, to: 5000, sequence: 4_294_967_290, opens: false, bytes: bytesOut });
  return payload;
}

test('the wire contradicts a total that is off by one byte', () => {
  expect(wireFaults(outcome({}), carried(10, 20))).toEqual([]);
  expect(wireFaults(outcome({}), carried(11, 20))).toEqual(['in: the wire carried 11, the monitor says 10']);
  expect(wireFaults(outcome({}), carried(10, 19))).toEqual(['out: the wire carried 19, the monitor says 20']);
  expect(wireFaults(outcome({ wire: 'reset' }), carried(9, 20))).toHaveLength(1);
  expect(wireFaults(outcome({ wire: 'reset' }), carried(10, 21))).toHaveLength(1);
});

test('payload that is sent again counts once, also across the end of the sequence numbers', () => {
  const payload = carried(10, 20);
  payload.take({ from: 5000, to: 80, sequence: 8, opens: false, bytes: 10 });
  payload.take({ from: 80, to: 5000, sequence: 4, opens: false, bytes: 15 });
  expect(payload.of([80])).toEqual({ in: 10, out: 25 });
  expect(() => payload.take({ from: 5000, to: 80, sequence: 20, opens: false, bytes: 1 })).toThrow(/lost a packet/);
});

test('ports used again are another connection', () => {
  const payload = carried(10, 20);
  payload.take({ from: 5000, to: 80, sequence: 900, opens: true, bytes: 0 });
  payload.take({ from: 5000, to: 80, sequence: 901, opens: false, bytes: 5 });
  expect(payload.of([80])).toEqual({ in: 15, out: 20 });
});
