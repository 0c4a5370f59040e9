import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { bytesOf, type ExchangeBytes, type MonitorOptions } from '../src/index.ts';
import { Clients } from '../src/ledger/clients.ts';
import { MonitoredServer } from './support/monitored-server.ts';
import { collectWarnings } from './support/notes.ts';
import { RawClient } from './support/raw-client.ts';

const exposedOf = (clients: Clients) => new Map([...clients.exposed()].map(([name, cell]) => [name, { ...cell }]));
const totalOf = (exposed: Iterable<{ in: number; out: number }>) =>
  [...exposed].reduce((sum, cell) => ({ in: sum.in + cell.in, out: sum.out + cell.out }), { in: 0, out: 0 });

/** Moves bytes of a client whose exchange begins and ends with them. */
function move(clients: Clients, name: string, bytes: number): void {
  clients.find(name).received(bytes);
  clients.find(name).sent(2 * bytes);
}

describe('names', () => {
  test('of 200 characters have a series, longer ones and `_other` none', () => {
    const clients = new Clients(5);
    for (const name of ['n'.repeat(200), 'n'.repeat(201), '_other']) move(clients, name, 1);
    expect([...exposedOf(clients).keys()]).toEqual(['n'.repeat(200), '_other']);
    expect(exposedOf(clients).get('_other')).toEqual({ in: 2, out: 4 });
  });

  test('are four for each tracked client, and `_other`', () => {
    const clients = new Clients(3);
    expect([clients.maxNames, clients.namesUsedUp]).toEqual([13, false]);
  });
});

describe('promotion in order', () => {
  /** Two tracked clients with few bytes, and others with more. */
  function challenged(recent: Record<string, number>): Map<string, { in: number; out: number }> {
    const clients = new Clients(2);
    for (const [name, bytes] of Object.entries(recent)) clients.find(name).received(bytes);
    clients.promoteBusiest();
    for (const name of Object.keys(recent)) clients.find(name).sent(1);
    return exposedOf(clients);
  }

  test('the least busy goes first, whatever came first', () => {
    const exposed = challenged({ busy: 100, idle: 10, challenger: 150 });
    expect([...exposed].filter(([, { out }]) => out === 1).map(([name]) => name)).toEqual([
      'busy',
      'challenger',
      '_other',
    ]);
  });

  test('a challenger needs more than twice of what the least busy has', () => {
    expect(challenged({ a: 50, b: 60, challenger: 100 }).has('challenger')).toBe(false);
    expect(challenged({ a: 50, b: 60, challenger: 101 }).has('challenger')).toBe(true);
  });

  test('the second of two challengers meets the second least busy', () => {
    const exposed = challenged({ a: 10, b: 100, first: 500, second: 150 });
    expect([...exposed.keys()]).toEqual(['a', 'b', 'first', '_other']);
  });

  test('what was moved long ago fades: a tenth each round', () => {
    const clients = new Clients(1);
    clients.find('old').received(1000);
    for (let round = 0; round < 10; round++) clients.promoteBusiest();
    // 0.9 to the tenth of 1000 is 349: less than half of 700, and 650 would not do.
    clients.find('new').received(650);
    clients.promoteBusiest();
    expect(exposedOf(clients).has('new')).toBe(false);
    clients.find('new').received(100);
    clients.promoteBusiest();
    expect(exposedOf(clients).has('new')).toBe(true);
  });
});

describe('candidates', () => {
  test('are a thousand at least; then the less busy half is forgotten, and what the median had is taken off all', () => {
    const clients = new Clients(1);
    clients.find('tracked').received(1_000_000);
    const held = Array.from({ length: 1000 }, (_, index) => clients.find(`c${index}`));
    // From 0 to 999, in no order.
    const moved = held.map((_, index) => (index * 7 + 123) % 1000);
    for (const [index, client] of held.entries()) client.received(moved[index] as number);
    expect(held.every(({ isListed }) => isListed)).toBe(true);
    clients.find('one more');
    expect(held.map(({ isListed }) => isListed)).toEqual(moved.map((bytes) => bytes > 500));
    const busiest = moved.indexOf(999);
    expect(held[busiest]?.recent).toBe(999 - 500);
    expect(clients.find(`c${busiest}`)).toBe(held[busiest]);
    const idle = moved.indexOf(3);
    expect(clients.find(`c${idle}`)).not.toBe(held[idle]);
  });

  test('are four for each tracked client where that is more', () => {
    const clients = new Clients(300);
    for (let index = 0; index < 300; index++) clients.find(`t${index}`);
    const held = Array.from({ length: 1200 }, (_, index) => clients.find(`c${index}`));
    expect(held.every(({ isListed }) => isListed)).toBe(true);
    clients.find('one more');
    expect(held.some(({ isListed }) => isListed)).toBe(false);
  });

  test('that were forgotten while their exchange is open count on, as a client of the same name', () => {
    const clients = new Clients(1);
    clients.find('tracked').received(1_000_000);
    const early = clients.find('early');
    for (let index = 0; index < 1000; index++) clients.find(`c${index}`).received(1000);
    expect(early.isListed).toBe(false);
    early.received(5_000_000);
    clients.promoteBusiest();
    early.sent(7);
    expect(exposedOf(clients).get('early')).toEqual({ in: 0, out: 7 });
  });
});

describe('promotion', () => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ client: fc.nat(40), in: fc.nat(5000), out: fc.nat(50_000) }) },
    { weight: 1, arbitrary: fc.constant('promote' as const) },
  );

  test('no counter goes down, no byte moves between names, the sum is exact', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 300 }), (maxTracked, steps) => {
        const clients = new Clients(maxTracked);
        // As exchanges do, each keeps what it was given at its beginning.
        const held = Array.from({ length: 41 }, (_, index) => clients.find(`c${index}`));
        const truth = new Map(held.map(({ name }) => [name, { in: 0, out: 0 }]));
        let before = exposedOf(clients);
        for (const one of steps) {
          if (one === 'promote') clients.promoteBusiest();
          else {
            const name = `c${one.client}`;
            held[one.client]?.received(one.in);
            held[one.client]?.sent(one.out);
            const true_ = truth.get(name) as { in: number; out: number };
            true_.in += one.in;
            true_.out += one.out;
          }
          const after = exposedOf(clients);
          for (const [name, cell] of before) {
            expect(after.get(name)?.in).toBeGreaterThanOrEqual(cell.in);
            expect(after.get(name)?.out).toBeGreaterThanOrEqual(cell.out);
            if (name !== '_other') expect(cell.in).toBeLessThanOrEqual(truth.get(name)?.in ?? 0);
          }
          // One step moves one client's bytes: at most one name changes.
          const changed = [...after].filter(([name, cell]) => {
            const earlier = before.get(name) ?? { in: 0, out: 0 };
            return earlier.in !== cell.in || earlier.out !== cell.out;
          });
          expect(changed.length).toBeLessThanOrEqual(1);
          expect(totalOf(after.values())).toEqual(totalOf(truth.values()));
          expect(after.size).toBeLessThanOrEqual(clients.maxNames);
          before = after;
        }
      }),
      { numRuns: 300 },
    );
  });

  test('the busiest are promoted, and count from then on', () => {
    const clients = new Clients(2);
    for (const name of ['first', 'second']) move(clients, name, 1);
    for (const name of ['busy', 'busier']) move(clients, name, 1000);
    clients.promoteBusiest();
    for (const name of ['busy', 'busier', 'first']) move(clients, name, 7);
    const exposed = exposedOf(clients);
    expect(exposed.get('busy')).toEqual({ in: 7, out: 14 });
    expect(exposed.get('busier')).toEqual({ in: 7, out: 14 });
    expect(exposed.get('first')).toEqual({ in: 1, out: 2 });
    expect(exposed.get('_other')).toEqual({ in: 2007, out: 4014 });
  });

  test('a client that was demoted and is promoted again goes on where it stood', () => {
    const clients = new Clients(1);
    move(clients, 'a', 10);
    move(clients, 'b', 1000);
    clients.promoteBusiest();
    move(clients, 'a', 100_000);
    clients.promoteBusiest();
    move(clients, 'a', 5);
    expect(exposedOf(clients).get('a')).toEqual({ in: 15, out: 30 });
  });

  test('a draw changes nothing: names are not spent on it', () => {
    const clients = new Clients(1);
    for (let round = 0; round < 50; round++) {
      for (const name of ['a', 'b']) move(clients, name, 100 + (round % 3));
      clients.promoteBusiest();
    }
    expect([...exposedOf(clients).keys()]).toEqual(['a', '_other']);
  });

  test('a busy client is found among a million names that come once', () => {
    const clients = new Clients(5);
    const busy = clients.find('busy');
    for (let index = 0; index < 1_000_000; index++) {
      clients.find(`scan-${index}`).received(100);
      if (index % 100 === 0) busy.received(1000);
    }
    for (let index = 0; index < 20; index++) clients.promoteBusiest();
    busy.received(1);
    const exposed = exposedOf(clients);
    expect(exposed.size).toBeLessThanOrEqual(clients.maxNames);
    expect(totalOf(exposed.values()).in).toBe(100_000_000 + 10_000_000 + 1);
    expect(exposed.has('busy')).toBe(true);
  });

  test('names end at four for each tracked client, and that is said', () => {
    const clients = new Clients(2);
    for (let round = 0; round < 20; round++) {
      move(clients, `c${round}`, 10 ** Math.min(round, 12));
      clients.promoteBusiest();
    }
    expect(exposedOf(clients).size).toBe(9);
    expect(clients.namesUsedUp).toBe(true);
  });
});

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serveTenants(options: MonitorOptions = {}): Promise<MonitoredServer> {
  const monitored = await MonitoredServer.start((_request, response) => void response.end('hello'), {
    clientOf: (request) => request.headers['x-tenant'] as string | undefined,
    ...options,
  });
  stops.push(() => monitored.stop());
  return monitored;
}

/** One request on a connection of its own; resolves to what it moved, as the client counted. */
async function ask(monitored: MonitoredServer, tenant: string | undefined): Promise<{ in: number; out: number }> {
  const client = await RawClient.open(monitored.port);
  client.send(`GET / HTTP/1.1\r\nhost: x\r\n${tenant === undefined ? '' : `x-tenant: ${tenant}\r\n`}\r\n`);
  await client.until(/hello/);
  const moved = { in: client.socket.bytesWritten, out: client.socket.bytesRead };
  await client.end();
  await monitored.drained();
  return moved;
}

describe('clientOf', () => {
  test('counts each client to the byte; requests of none are in no series', async () => {
    const monitored = await serveTenants();
    const acme = await ask(monitored, 'acme');
    const zenith = await ask(monitored, 'zenith');
    await ask(monitored, undefined);
    await ask(monitored, '');
    expect(monitored.monitor.snapshot().clients).toEqual([
      { client: 'acme', ...acme },
      { client: 'zenith', ...zenith },
    ]);
    const text = await monitored.monitor.text();
    expect(text).toContain(`weighbridge_http_client_bytes_total{client="acme",direction="in"} ${acme.in}\n`);
    expect(text).not.toContain('client="_other"');
  });

  test('_other stands at 0 before anything counts there, then is exact', async () => {
    const monitored = await serveTenants({ maxClients: 1 });
    await ask(monitored, 'acme');
    expect(await monitored.monitor.text()).toContain('client_bytes_total{client="_other",direction="out"} 0\n');
    const moved = [await ask(monitored, 'b'), await ask(monitored, 'c'), await ask(monitored, 'x'.repeat(201))];
    const other = monitored.monitor.snapshot().clients.find(({ client }) => client === '_other');
    expect(other).toEqual({ client: '_other', ...totalOf(moved) });
  });

  test('a clientOf that throws reaches no request, is counted, and told once', async () => {
    const warnings: string[] = [];
    const monitored = await serveTenants({
      warn: collectWarnings(warnings),
      clientOf: () => {
        throw new Error('no such tenant');
      },
    });
    await ask(monitored, 'acme');
    await ask(monitored, 'acme');
    expect(monitored.monitor.snapshot().balanced).toBe(true);
    expect(await monitored.monitor.text()).toMatch(/monitor_errors_total [1-9]/);
    expect(warnings).toHaveLength(1);
  });

  test('bytesOf is live while a response flows, and right once it has ended', async () => {
    let bytes: ExchangeBytes | undefined;
    const monitored = await MonitoredServer.start((request, response) => {
      bytes = bytesOf(request);
      response.write('a'.repeat(1000));
      request.once('end', () => response.end('b'));
      request.resume();
    });
    stops.push(() => monitored.stop());
    const client = await RawClient.open(monitored.port);
    client.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n');
    await client.until(/a{1000}/);
    monitored.monitor.snapshot();
    expect(bytes?.out).toBe(client.socket.bytesRead);
    expect(bytes?.ended).toBe(false);
    client.send('body');
    await client.until(/1\r\nb\r\n0\r\n\r\n/);
    expect(bytes).toEqual({ in: client.socket.bytesWritten, out: client.socket.bytesRead, ended: true });
    await client.end();
  });

  test('a client that grows is promoted while its transfer goes on', async () => {
    const monitored = await MonitoredServer.start(
      (request, response) => {
        request.on('data', (chunk: Buffer) => response.write(chunk));
        request.on('end', () => response.end());
      },
      {
        maxClients: 1,
        sampleIntervalMs: 100,
        clientOf: (request) => request.headers['x-tenant'] as string | undefined,
      },
    );
    stops.push(() => monitored.stop());
    const open = async (tenant: string) => {
      const client = await RawClient.open(monitored.port);
      client.send(`POST / HTTP/1.1\r\nhost: x\r\nx-tenant: ${tenant}\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n`);
      await client.until(/\r\na\r\n/);
      return client;
    };
    const small = await open('small');
    monitored.monitor.snapshot();
    const large = await open('large');
    const named = () => monitored.monitor.snapshot().clients.map(({ client }) => client);
    expect(named()).toEqual(['small', '_other']);
    while (!named().includes('large')) {
      large.send(`1000\r\n${'x'.repeat(4096)}\r\n`);
      await once(large.socket, 'data');
    }
    for (const client of [small, large]) client.send('0\r\n\r\n');
    for (const client of [small, large]) await client.end();
    await monitored.drained();
    const snapshot = monitored.monitor.snapshot();
    expect(totalOf(snapshot.clients)).toEqual(snapshot.endpointsTotal);
  });
});

test('a bad maxClients names option, rule and value', async () => {
  await expect(serveTenants({ maxClients: 0 })).rejects.toThrow(
    'maxClients must be a whole number from 1 to 10000, got 0',
  );
});
