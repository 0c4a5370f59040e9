import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createNetServer, type Server } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { usable } from '../src/capture/self-test.ts';
import type { ServerListener } from '../src/capture/sockets/server-listeners.ts';
import { findListeningServers, WatchedServers } from '../src/capture/watched-servers.ts';
import { collectGarbage } from './support/garbage.ts';

const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

const deaf = {} as ServerListener;

async function listen<Kind extends Server>(server: Kind): Promise<Kind> {
  server.listen(0, '127.0.0.1');
  stops.push(() => server.close());
  await once(server, 'listening');
  return server;
}

test('servers that listen are found, if they speak HTTP', async () => {
  const [http, http2, net] = await Promise.all([
    listen(createServer()),
    listen(createHttp2Server() as unknown as Server),
    listen(createNetServer()),
  ]);
  createServer();
  const found = findListeningServers();
  expect(found).toContain(http);
  expect(found).toContain(http2);
  expect(found).not.toContain(net);
});

test('other handles of the process, and ones that are gone, are no servers', async () => {
  const http = await listen(createServer());
  const listing = process as unknown as { _getActiveHandles(): unknown[] };
  const handles = vi.spyOn(listing, '_getActiveHandles').mockReturnValue([null, 'text', {}, http]);
  stops.push(() => handles.mockRestore());
  expect(findListeningServers()).toEqual([http]);
});

test('where Node’s list of handles isn’t to be used, none is found', async () => {
  await listen(createServer());
  usable.activeHandles = false;
  stops.push(() => {
    usable.activeHandles = true;
  });
  expect(findListeningServers()).toEqual([]);
});

test('a server has our listeners once, however often it is met, and none in the end', () => {
  const servers = new WatchedServers(deaf);
  const server = createServer();
  for (const _ of [1, 2]) servers.add(server);
  expect([...servers]).toEqual([server]);
  expect(server.listenerCount('connection')).toBe(2);
  server.removeAllListeners('connection');
  servers.restore(server);
  expect(server.listenerCount('connection')).toBe(1);
  servers.clear();
  expect([...servers]).toEqual([]);
  expect(server.listenerCount('connection')).toBe(0);
});

test('of a thousand servers those that live stay, and those that were dropped go', async () => {
  const servers = new WatchedServers(deaf);
  const kept = Array.from({ length: 100 }, () => createServer());
  for (const server of kept) {
    servers.add(server);
    for (let dropped = 0; dropped < 9; dropped++) servers.add(createServer());
  }
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  const left = [...servers];
  // The last that was made may still be within reach.
  expect(left.length).toBeLessThanOrEqual(kept.length + 1);
  for (const server of kept) expect(left).toContain(server);
});
