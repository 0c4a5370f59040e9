import { afterEach, expect, test } from 'vitest';
import { setEndpoint } from '../../src/index.ts';
import { get } from '../preload/app-process.ts';
import { MonitoredServer } from '../support/monitored-server.ts';
import { isNote } from '../support/notes.ts';

let monitored: MonitoredServer | undefined;
afterEach(() => monitored?.stop());

test('requests without a template are told once, with what to add', async () => {
  const warnings: string[] = [];
  monitored = await MonitoredServer.start((_request, response) => response.end(), {
    warn: (message) => warnings.push(message),
  });
  for (let time = 0; time < 3; time++) await get(`http://127.0.0.1:${monitored.port}/raw`);
  await monitored.drained();
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([expect.stringContaining("WEIGHBRIDGE_ENDPOINTS='/users/:id /files/*'")]);
  expect(warnings.every(isNote)).toBe(true);
  expect(warnings.join()).not.toContain('raw');
});

test('endpointOf goes before what is listed, and setEndpoint before both', async () => {
  monitored = await MonitoredServer.start(
    (request, response) => {
      if (request.url === '/said') setEndpoint(request, '/set');
      response.end();
    },
    {
      endpoints: ['/:any'],
      endpointOf: ({ url }) => (url === '/listed' ? undefined : 'query user'),
    },
  );
  for (const path of ['said', 'graphql', 'listed']) await get(`http://127.0.0.1:${monitored.port}/${path}`);
  await monitored.drained();
  const names = monitored.monitor.snapshot().endpoints.map(({ endpoint }) => endpoint);
  expect(names.toSorted()).toEqual(['/:any', '/set', 'query user']);
});

test('what a framework has left on a request reaches no response when it throws', async () => {
  const warnings: string[] = [];
  const broken = {
    findTemplate: () => {
      throw new Error('another version');
    },
  };
  monitored = await MonitoredServer.start(
    (request, response) => {
      Object.assign(request, { [Symbol.for('weighbridge.routed')]: broken });
      response.end('hello');
    },
    { warn: (message) => warnings.push(message) },
  );
  expect(await get(`http://127.0.0.1:${monitored.port}/`)).toBe('hello');
  await monitored.drained();
  expect(monitored.endpoint('GET', '_unrouted').exchanges).toBe(1);
  expect(monitored.monitor.snapshot().balanced).toBe(true);
  expect(warnings).toEqual([
    expect.stringContaining('a fault inside the monitor, counting goes on: Error: another version'),
  ]);
});
