import { createServer } from 'node:http';

// Serves one request of its own, with the listener of the monitor open, and has nothing more to do.
const server = createServer((_request, response) => response.end('hello'));
server.listen(0, '127.0.0.1', async () => {
  await (await fetch(`http://127.0.0.1:${server.address().port}`, { headers: { connection: 'close' } })).text();
  server.close();
});
