// Compiled in an empty project against the installed package, as an application's own source is.
import { createServer, type IncomingMessage } from 'node:http';
import {
  type BandwidthMonitor,
  type BandwidthSnapshot,
  bytesOf,
  type ExchangeBytes,
  type MonitorOptions,
  metricFamilies,
  monitorBandwidth,
  type RegistryLike,
  setEndpoint,
} from '@weighbridge/monitor';
import { nameEndpoints as nameH3 } from '@weighbridge/monitor/h3';
import { nameEndpoints as nameHono } from '@weighbridge/monitor/hono';
import { nameEndpoints as nameKoa } from '@weighbridge/monitor/koa';
import { observeBandwidth } from '@weighbridge/monitor/opentelemetry';
import '@weighbridge/monitor/register';

const options: MonitorOptions = {
  prefix: 'shop_',
  endpoints: ['/users/:id', '/files/*'],
  clientOf: (request: IncomingMessage): string | undefined => request.headers['x-tenant']?.toString(),
};
const monitor: BandwidthMonitor = monitorBandwidth(options);
const snapshot: BandwidthSnapshot = monitor.snapshot();
const total: number = snapshot.connection.in + snapshot.endpointsTotal.out;
const name: 'http_request_bytes_total' | string = metricFamilies.requestBytes.name;

createServer((request, response) => {
  setEndpoint(request, '/users/:id');
  const bytes: ExchangeBytes | undefined = bytesOf(request);
  // @ts-expect-error: what was counted can't be set.
  if (bytes) bytes.in = 0;
  response.end(String(total) + name);
});

export const middleware: readonly unknown[] = [nameH3(), nameHono(), nameKoa()];
export const text: Promise<string> = monitor.text();
export const observe: typeof observeBandwidth = observeBandwidth;
export const register = (registry: RegistryLike): void => monitor.register(registry);
// @ts-expect-error: an option that there is not.
monitorBandwidth({ maxEndpoint: 5 });
// @ts-expect-error: a template is text.
monitorBandwidth({ endpoints: [7] });
