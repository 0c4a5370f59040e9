import { nameEndpoints } from '@weighbridge/monitor/h3';
import { H3, HTTPError, serve } from 'h3';

export async function start() {
  const app = new H3({ silent: true });
  app.use(nameEndpoints());
  app.get('/', () => 'home');
  app.get('/users/:id', (event) => {
    if (event.context.params.id === 'raw-missing') throw new HTTPError({ status: 404 });
    return 'user';
  });
  app.post('/users/:id/photos', async (event) => {
    await event.req.arrayBuffer();
    return new Response(null, { status: 201 });
  });
  app.get('/fail/:id', () => {
    throw new Error('wanted');
  });
  app.get('/slow/:id', () => new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('part')) }));
  app.use('/private/**', () => new Response(null, { status: 401 }));
  app.get('/private/:id', () => 'private');
  app.get('/assets/**', () => 'an asset\n');
  const items = new H3({ silent: true });
  items.get('/items/:item', () => 'item');
  items.get('/fail', () => {
    throw new Error('wanted');
  });
  app.mount('/v1/:tenant', items);
  app.mount('/v2/:tenant', items);
  const server = serve(app, { port: 0, hostname: '127.0.0.1', silent: true });
  await server.ready();
  return server.node.server;
}
