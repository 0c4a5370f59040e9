import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end(String(process.pid)));
server.listen(Number(process.env.APP_PORT), '127.0.0.1');
