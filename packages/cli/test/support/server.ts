import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '@weighbridge/protocol';
import { onTestFinished } from 'vitest';

/** A client of a server that answers as the test says. */
export async function clientOf(listener: RequestListener): Promise<Client> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return new Client({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'token-of-a-test' });
}
