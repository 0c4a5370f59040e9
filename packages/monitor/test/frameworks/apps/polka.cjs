const polka = require('polka');

/** Tells nothing of its routes, and can't be hooked from outside. */
exports.start = () =>
  polka()
    .get('/users/:id', (_request, response) => response.end('user'))
    .listen(0, '127.0.0.1').server;
