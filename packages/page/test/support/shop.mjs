// A service with traffic of its own making: `GET /files/:name?bytes=n`, `PUT /uploads/:name`,
// `GET /files/slow`.
import { createServer } from 'node:http';

const port = Number(process.env.APP_PORT ?? 0);
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://shop');
  request.resume();
  if (pathname === '/files/slow') {
    // Some of what it announces, and then nothing more.
    response.setHeader('content-length', 10_000_000);
    return response.write(Buffer.alloc(2_500_000));
  }
  if (pathname.startsWith('/files/')) return response.end(Buffer.alloc(Number(searchParams.get('bytes') ?? 1000)));
  request.on('end', () => response.end('ok'));
});
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
