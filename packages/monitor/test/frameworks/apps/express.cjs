const { join } = require('node:path');

/** Express of that name, or as it was imported. */
exports.start = (express) => exports.create(express).listen(0, '127.0.0.1');

exports.create = (name) => {
  const express = typeof name === 'string' ? require(name) : name;
  const app = express();
  app.use((_request, response, next) => {
    response.set('x-app', 'express');
    next();
  });
  app.use('/assets', express.static(join(__dirname, '..', 'assets')));
  app.use('/private', (_request, response) => response.status(401).end());
  app.get('/users/:id', (request, response) => {
    if (request.params.id === 'raw-missing') response.status(404).end();
    else response.send('user');
  });
  app.post('/users/:id/photos', (request, response) => {
    request.resume().on('end', () => response.status(201).end());
  });
  app.get('/fail/:id', () => {
    throw new Error('wanted');
  });
  app.get('/slow/:id', (_request, response) => response.write('part'));
  // A mount that is passed through before the one that answers, whose path begins with the same segment.
  app.use('/v1', (_request, _response, next) => next());
  const items = express.Router({ mergeParams: true });
  items.get('/items/:item', (_request, response) => response.send('item'));
  items.get('/fail', async (_request, _response, next) => next(new Error('wanted')));
  items.use('/guarded/:item', (_request, _response, next) => next(Object.assign(new Error('no'), { status: 403 })));
  app.use('/v1/:tenant', items);
  const sub = express();
  sub.use('/:tenant', items);
  app.use('/v2', sub);
  app.get(['/either/:id', '/or/:id'], (_request, response) => response.send('either'));
  app.get('/passed/:id', (_request, _response, next) => next());
  app.use('/passed', (_request, _response, next) => next());
  app.use((request, response, next) => (request.url === '/root-raw' ? response.status(204).end() : next()));
  app.get('/', (_request, response) => response.send('home'));
  app.use((error, _request, response, _next) => response.status(error.status ?? 500).send('failed'));
  return app;
};
