const { join } = require('node:path');
const restify = require('restify');

exports.start = () => {
  const server = restify.createServer();
  const answer = (body) => (_request, response, next) => {
    response.send(body);
    next(false);
  };
  const fail = (_request, _response, next) => next(new Error('wanted'));
  server.get('/', answer('home'));
  server.get('/users/:id', (request, response, next) => {
    response.send(request.params.id === 'raw-missing' ? 404 : 200);
    next();
  });
  server.post('/users/:id/photos', (request, response, next) => {
    request.resume().on('end', () => {
      response.send(201);
      next();
    });
  });
  server.get('/fail/:id', fail);
  server.get('/slow/:id', (_request, response, _next) => void response.write('part'));
  server.get('/private/:id', answer(401));
  server.get('/assets/*', restify.plugins.serveStatic({ directory: join(__dirname, '..'), appendRequestPath: true }));
  for (const version of ['v1', 'v2']) {
    server.get(`/${version}/:tenant/items/:item`, answer('item'));
    server.get(`/${version}/:tenant/fail`, fail);
  }
  server.listen(0, '127.0.0.1');
  return server.server;
};
