const { join } = require('node:path');
const Hapi = require('@hapi/hapi');
const Inert = require('@hapi/inert');
const Boom = require('@hapi/boom');

exports.start = async () => {
  const server = Hapi.server({ port: 0, host: '127.0.0.1', debug: false });
  await server.register(Inert);
  server.route([
    { method: 'GET', path: '/', handler: () => 'home' },
    {
      method: 'GET',
      path: '/users/{id}',
      handler: (request) => (request.params.id === 'raw-missing' ? Boom.notFound() : 'user'),
    },
    { method: 'POST', path: '/users/{id}/photos', handler: (_request, h) => h.response('').code(201) },
    { method: 'GET', path: '/fail/{id}', handler: () => Promise.reject(new Error('wanted')) },
    { method: 'GET', path: '/slow/{id}', handler: (request, h) => request.raw.res.write('part') && h.abandon },
    {
      method: 'GET',
      path: '/private/{id}',
      options: { pre: [() => Promise.reject(Boom.unauthorized())] },
      handler: () => 'private',
    },
    {
      method: 'GET',
      path: '/assets/{file*}',
      handler: { directory: { path: join(__dirname, '..', 'assets') } },
    },
  ]);
  const items = {
    name: 'items',
    multiple: true,
    register: (realm) => {
      realm.route({ method: 'GET', path: '/items/{item}', handler: () => 'item' });
      realm.route({ method: 'GET', path: '/fail', handler: () => Promise.reject(new Error('wanted')) });
    },
  };
  await server.register({ plugin: items, routes: { prefix: '/v1/{tenant}' } });
  await server.register({ plugin: items, routes: { prefix: '/v2/{tenant}' } });
  await server.start();
  return server.listener;
};
