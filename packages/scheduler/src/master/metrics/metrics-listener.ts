import { Readable } from 'node:stream';
import { inSlices } from '@weighbridge/monitor';
import type { MasterContext } from '../context.ts';
import { type App, createApp } from '../http/app.ts';

const textType = 'text/plain; version=0.0.4; charset=utf-8';

/** `/metrics` is the registry, whole; `/metrics/bandwidth` the monitor's families alone. */
export function createMetricsListener({ metrics, bandwidth }: Pick<MasterContext, 'metrics' | 'bandwidth'>): App {
  const { registry } = metrics;
  const app = createApp();
  app.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(sliced(await registry.metrics())),
  );
  app.get('/metrics/bandwidth', async (_request, reply) => reply.type(textType).send(sliced(await bandwidth.text())));
  app.get('/health', async () => ({ status: 'ok' }));
  return app;
}

/** Many series are megabytes: sent at once they would hold up claims and heartbeats. */
const sliced = (text: string) => Readable.from(inSlices(text));
