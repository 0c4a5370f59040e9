import { serve } from '@hono/node-server';
import { nameEndpoints } from '@weighbridge/monitor/hono';
import { Hono } from 'hono';

export function start() {
  const app = new Hono();
  app.use(nameEndpoints());
  app.get('/', (context) => context.text('home'));
  app.get('/users/:id', (context) =>
    context.req.param('id') === 'raw-missing' ? context.notFound() : context.text('user'),
  );
  app.post('/users/:id/photos', async (context) => {
    await context.req.arrayBuffer();
    return context.body(null, 201);
  });
  app.get('/fail/:id', () => {
    throw new Error('wanted');
  });
  app.get('/slow/:id', () => {
    const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('part')) });
    return new Response(body);
  });
  app.use('/private/*', (context) => context.body(null, 401));
  app.get('/private/:id', (context) => context.text('private'));
  app.get('/assets/*', (context) => context.text('an asset\n'));
  const items = new Hono();
  items.get('/items/:item', (context) => context.text('item'));
  items.get('/fail', () => {
    throw new Error('wanted');
  });
  app.route('/v1/:tenant', items);
  app.route('/v2/:tenant', items);
  app.onError((_error, context) => context.body(null, 500));
  return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
}
