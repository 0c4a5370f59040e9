import type { MasterContext } from '../context.ts';
import { type App, createApp } from '../http/app.ts';
import { mount } from '../http/mount.ts';

/** `/metrics` is the registry, whole; `/metrics/bandwidth` the monitor's families alone. */
export function createMetricsListener({ bandwidth }: Pick<MasterContext, 'bandwidth'>): App {
  const app = createApp();
  for (const path of ['/metrics', '/metrics/bandwidth', '/health'])
    app.get(path, mount(bandwidth.listener.handlers.get(path)));
  return app;
}
