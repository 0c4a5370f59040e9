const { createServer } = require('node:http');

/** Knows no framework: the environment names its templates. */
exports.start = () =>
  createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const [, first, second, third] = pathname.split('/');
    if (first === 'slow') return void response.write('part');
    const isKnown = ['', 'users', 'fail', 'private', 'assets', 'v1', 'v2'].includes(first);
    const status =
      (!isKnown && 404) ||
      (request.method === 'DELETE' && 405) ||
      (second === 'raw-missing' && 404) ||
      (first === 'private' && 401) ||
      ((first === 'fail' || third === 'fail') && 500) ||
      (request.method === 'POST' ? 201 : 200);
    request.resume().on('end', () => response.writeHead(status).end('body'));
  }).listen(0, '127.0.0.1');
