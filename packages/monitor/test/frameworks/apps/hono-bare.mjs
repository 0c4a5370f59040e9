import { serve } from '@hono/node-server';
import { Hono } from 'hono';

/** Without the line that names its endpoints. */
export function start() {
  const app = new Hono();
  app.get('/users/:id', (context) => context.text('user'));
  return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
}
