const { createServer } = require('node:http');

/** Answers `hello`, and `/metrics` with what a client's default registry holds. */
exports.serve = (registry) => {
  const server = createServer(async (request, response) => {
    response.end(request.url === '/metrics' ? await registry.metrics() : 'hello');
  });
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
};
