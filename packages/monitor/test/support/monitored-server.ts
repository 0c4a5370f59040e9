import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type BandwidthMonitor,
  type EndpointSnapshot,
  type MonitorOptions,
  monitorBandwidth,
} from '../../src/index.ts';
import { isNote } from './notes.ts';

/** A server on a free port with a monitor of its own. */
export class MonitoredServer {
  readonly server: Server;
  readonly monitor: BandwidthMonitor;

  private constructor(server: Server, monitor: BandwidthMonitor) {
    this.server = server;
    this.monitor = monitor;
  }

  static async start(
    listener: RequestListener,
    options: MonitorOptions = {},
    server: Server = createServer(listener),
  ): Promise<MonitoredServer> {
    const monitor = monitorBandwidth({
      servers: [server],
      warn: (message) => {
        if (!isNote(message)) throw new Error(message);
      },
      ...options,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new MonitoredServer(server, monitor);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  endpoint(method: string, endpoint: string): EndpointSnapshot {
    const found = this.monitor.snapshot().endpoints.find((row) => row.method === method && row.endpoint === endpoint);
    if (!found) throw new Error(`no series for ${method} ${endpoint}`);
    return found;
  }

  /** Waits until the server has no connection left. */
  async drained(): Promise<void> {
    while (this.monitor.snapshot().open.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
    this.monitor.stop();
  }
}
