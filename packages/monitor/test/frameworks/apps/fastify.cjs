const Fastify = require('fastify');

exports.start = async () => {
  const app = Fastify();
  app.addContentTypeParser('*', (_request, payload, done) => payload.resume().on('end', done));
  app.get('/', () => 'home');
  app.get('/users/:id', (request, reply) => (request.params.id === 'raw-missing' ? reply.code(404).send() : 'user'));
  app.post('/users/:id/photos', (_request, reply) => reply.code(201).send());
  app.get('/fail/:id', () => Promise.reject(new Error('wanted')));
  app.get('/slow/:id', (_request, reply) => {
    reply.hijack();
    reply.raw.write('part');
  });
  app.get('/private/:id', { onRequest: (_request, reply) => reply.code(401).send() }, () => 'private');
  app.get('/assets/*', () => 'an asset\n');
  const items = async (realm) => {
    realm.get('/items/:item', () => 'item');
    realm.get('/fail', () => Promise.reject(new Error('wanted')));
  };
  app.register(items, { prefix: '/v1/:tenant' });
  app.register(items, { prefix: '/v2/:tenant' });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server;
};
