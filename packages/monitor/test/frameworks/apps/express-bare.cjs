/** Nothing comes after its only mount: what is not found there, Express itself answers. */
exports.start = (name) => {
  const express = require(name);
  const router = express.Router();
  router.get('/users/:id', (_request, response) => response.send('user'));
  const refuse = (request, _response, next) => next(request.url === '/raw-refused' ? { status: 400 } : undefined);
  return express().use(refuse).use('/api/:version', router).listen(0, '127.0.0.1');
};
