import { withMemoryServer } from './memory-with-server.ts';
import { askEach, head, openStreams, RequestStream } from './request-stream.ts';

export interface ConnectionBytes {
  connections: number;
  /** Live bytes that the monitor adds to a connection that was opened and has asked nothing. */
  silent: number;
  /** To one that had an answer and idles, keep-alive. */
  idle: number;
}

/** Live bytes an open connection, with the monitor less without. */
export async function bytesPerConnection(quick: boolean): Promise<ConnectionBytes> {
  const connections = quick ? 500 : 4000;
  const none = await measure('none', connections);
  const monitor = await measure('routed', connections);
  return { connections, silent: monitor.silent - none.silent, idle: monitor.idle - none.idle };
}

async function measure(kind: 'none' | 'routed', connections: number): Promise<Omit<ConnectionBytes, 'connections'>> {
  return withMemoryServer(kind, 500, async (server) => {
    const warm = await openStreams(server.started.port, 300);
    await askEach(warm, request);
    for (const stream of warm) stream.close();
    const probe = await RequestStream.open(server.started.port);
    await probe.send(5000, () => request);
    const before = await server.ask('live');
    const streams = await openStreams(server.started.port, connections);
    // An answer on another connection, opened later: the server has accepted all of them.
    await probe.send(1, () => request);
    const silent = ((await server.ask('live')) - before) / connections;
    await askEach(streams, request);
    const idle = ((await server.ask('live')) - before) / connections;
    for (const stream of [...streams, probe]) stream.close();
    return { silent, idle };
  });
}

const request = head('GET', '/', { 'x-endpoint': '/things/:id', 'x-status': 200 });
