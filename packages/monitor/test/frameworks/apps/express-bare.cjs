/** Nothing comes after its only mount: what is not found there, Express itself answers. */
exports.start = (name) => {
  const express = require(name);
  const router = express.Router();
  router.get('/users/:id', (_request, response) => response.send('user'));
  return express().use('/api/:version', router).listen(0, '127.0.0.1');
};
