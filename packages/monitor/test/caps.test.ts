import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computeCost } from '../src/export/cost.ts';
import { setEndpoint } from '../src/index.ts';
import { Clients } from '../src/ledger/clients.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { parseSamples } from './accuracy/exposition.ts';
import { MonitoredServer } from './support/monitored-server.ts';
import { RawClient } from './support/raw-client.ts';

interface Asked {
  readonly method: string;
  readonly endpoint: string;
  readonly status: number;
  readonly client: string;
}

// More than nine of them: those that nobody names in a dashboard are `_other`.
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'MKCOL', 'SEARCH', 'REPORT', 'PURGE'];

const asked: fc.Arbitrary<Asked> = fc.record({
  method: fc.oneof({ weight: 3, arbitrary: fc.constant('GET') }, fc.constantFrom(...methods)),
  endpoint: fc.oneof(
    { weight: 4, arbitrary: fc.nat(12).map((number) => `/${number >> 2}`) },
    fc.nat(12).map((number) => `/${number}`),
    fc.integer({ min: 195, max: 205 }).map((length) => `/${'l'.repeat(length - 1)}`),
  ),
  // Often the same endpoint, so that its statuses run out.
  status: fc.integer({ min: 200, max: 230 }),
  client: fc.oneof(
    fc.nat(12).map(String),
    fc.integer({ min: 195, max: 205 }).map((length) => 'c'.repeat(length)),
  ),
});

const bounds = fc.record({ maxEndpoints: fc.integer({ min: 1, max: 8 }), maxClients: fc.integer({ min: 1, max: 3 }) });

/** Asks all on one connection, in one write; gives what it sent and received. */
async function ask(port: number, all: readonly Asked[]): Promise<{ in: number; out: number }> {
  const client = await RawClient.open(port);
  const texts = all.map(({ method, endpoint, status, client: name }, index) => {
    const last = index === all.length - 1 ? 'Connection: close\r\n' : '';
    const head = `${method} ${endpoint} HTTP/1.1\r\nHost: x\r\nX-Status: ${status}\r\nX-Client: ${name}\r\n`;
    return `${head}Content-Length: 0\r\n${last}\r\n`;
  });
  client.send(texts.join(''));
  await client.closed();
  return { in: client.socket.bytesWritten, out: client.socket.bytesRead };
}

const distinct = (samples: ReadonlyMap<string, number>, family: string) =>
  [...samples.keys()].filter((key) => key.startsWith(`weighbridge_http_${family}{`));

const sum = (samples: ReadonlyMap<string, number>, family: string) =>
  distinct(samples, family).reduce((total, key) => total + (samples.get(key) as number), 0);

const labelOf = (key: string, label: string) => new RegExp(`[{,]${label}="([^"]*)"`).exec(key)?.[1] ?? '';

test('whatever is sent, samples stay below the worst case, labels below their length, and totals are exact', async () => {
  await fc.assert(
    fc.asyncProperty(bounds, fc.array(asked, { minLength: 1, maxLength: 150, size: 'max' }), async (options, all) => {
      const server = await MonitoredServer.start(
        (request, response) => {
          setEndpoint(request, request.url as string);
          response.writeHead(Number(request.headers['x-status'])).end();
        },
        { ...options, clientOf: (request) => request.headers['x-client'] as string },
      );
      try {
        const moved = await ask(server.port, all);
        await server.drained();
        const samples = parseSamples(await server.monitor.text());
        const { samples: cost, worstCaseSamples } = server.monitor.cost();
        const clients = distinct(samples, 'client_bytes_total');
        expect(samples.size).toBe(cost + clients.length);
        expect(samples.size).toBeLessThanOrEqual(worstCaseSamples);
        expect({ in: sum(samples, 'request_bytes_total'), out: sum(samples, 'response_bytes_total') }).toEqual(moved);
        expect(clients.reduce((total, key) => total + (samples.get(key) as number), 0)).toBe(moved.in + moved.out);
        expectCaps(samples, options, all);
      } finally {
        await server.stop();
      }
    }),
    { numRuns: 60 },
  );
});

test('the worst case can be reached, and not passed', async () => {
  const ledger = new Ledger(3);
  const clients = new Clients(2);
  for (const method of [
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'CONNECT',
    'BREW',
    'PURGE',
  ]) {
    for (const endpoint of ['/1', '/2', '/3', '/4']) {
      const series = ledger.endpoints.adopt(method, endpoint);
      for (let status = 200; status < 220; status++) ledger.endpoints.findResponseCell(series, String(status));
    }
  }
  const { samples, worstCaseSamples } = computeCost(ledger, 3, undefined);
  expect(samples).toBe(worstCaseSamples);
  expect(computeCost(ledger, 3, clients).worstCaseSamples - worstCaseSamples).toBe(2 * clients.maxNames);
});

function expectCaps(
  samples: ReadonlyMap<string, number>,
  { maxEndpoints, maxClients }: { maxEndpoints: number; maxClients: number },
  all: readonly Asked[],
): void {
  const named = distinct(samples, 'request_bytes_total').filter((key) => labelOf(key, 'endpoint') !== '_other');
  // First come, first served: what came first has its own name, up to the cap but for the kept tenth.
  const wanted = new Set(
    all
      .filter(({ endpoint }) => endpoint.length <= 200)
      .map(({ method, endpoint }) => `${knownMethod(method)} ${endpoint}`),
  );
  expect(named.length).toBe(Math.min(placesAtOnce(maxEndpoints), wanted.size));
  for (const key of samples.keys()) {
    for (const label of ['endpoint', 'client', 'method']) expect(labelOf(key, label).length).toBeLessThanOrEqual(200);
  }
  const statuses = Map.groupBy(
    distinct(samples, 'response_bytes_total'),
    (key) => `${labelOf(key, 'method')} ${labelOf(key, 'endpoint')}`,
  );
  for (const [, ofEndpoint] of statuses) expect(ofEndpoint.length).toBeLessThanOrEqual(9);
  const ownNames = distinct(samples, 'client_bytes_total').filter((key) => labelOf(key, 'client') !== '_other');
  const wantedClients = new Set(all.filter(({ client }) => client.length <= 200).map(({ client }) => client));
  expect(ownNames.length).toBe(2 * Math.min(maxClients, wantedClients.size));
  expect(samples.get('weighbridge_http_endpoints_overflowed_total') as number).toBe(
    expectedOverflow(all, maxEndpoints),
  );
}

/** Of up to ten places one is kept, but for the only one. */
const placesAtOnce = (maxEndpoints: number) => Math.max(1, maxEndpoints - 1);
const knownMethod = (method: string) => (methods.indexOf(method) < 6 ? method : '_other');

/** Counted again, simply: exchanges whose endpoint or status is `_other` because there was no place. */
function expectedOverflow(all: readonly Asked[], maxEndpoints: number): number {
  const places = new Set<string>();
  const statuses = new Map<string, Set<number>>();
  let overflow = 0;
  for (const { method, endpoint, status } of all) {
    let name = endpoint.length <= 200 ? endpoint : '_other';
    const place = `${knownMethod(method)} ${name}`;
    if (name !== '_other' && !places.has(place)) {
      if (places.size < placesAtOnce(maxEndpoints)) places.add(place);
      else {
        overflow++;
        name = '_other';
      }
    }
    const own = statuses.get(`${knownMethod(method)} ${name}`) ?? new Set();
    statuses.set(`${knownMethod(method)} ${name}`, own);
    if (!own.has(status)) {
      if (own.size < 8) own.add(status);
      else overflow++;
    }
  }
  return overflow;
}
