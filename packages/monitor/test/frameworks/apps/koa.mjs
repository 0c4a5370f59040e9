import Router from '@koa/router';
import Koa from 'koa';

/** @param nameEndpoints the line that a bundle takes. */
export function start(nameEndpoints) {
  const app = new Koa({ env: 'test' });
  app.silent = true;
  if (nameEndpoints) app.use(nameEndpoints());
  const router = new Router();
  router.get('/', (context) => {
    context.body = 'home';
  });
  router.get('/users/:id', (context) => {
    if (context.params.id === 'raw-missing') context.throw(404);
    context.body = 'user';
  });
  router.post('/users/:id/photos', async (context) => {
    for await (const _ of context.req);
    context.status = 201;
    context.body = '';
  });
  router.get('/fail/:id', () => {
    throw new Error('wanted');
  });
  router.get('/slow/:id', (context) => {
    context.respond = false;
    context.res.writeHead(200).write('part');
    return new Promise(() => {});
  });
  router.use('/private', async (context, next) => {
    if (context.path.includes('raw')) context.throw(401);
    await next();
  });
  router.get('/private/:id', (context) => {
    context.body = 'private';
  });
  const items = new Router();
  items.get('/items/:item', (context) => {
    context.body = 'item';
  });
  items.get('/fail', () => {
    throw new Error('wanted');
  });
  router.use('/v1/:tenant', items.routes());
  router.use('/v2/:tenant', items.routes());
  app.use(router.routes()).use(router.allowedMethods());
  return app.listen(0, '127.0.0.1');
}
