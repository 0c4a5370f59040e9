// An application with a monitor of its own, by code, and an upgrade that comes and goes.
import { createServer } from 'node:http';
import { monitorBandwidth, setEndpoint } from '@weighbridge/monitor';

const server = createServer(async (request, response) => {
  if (request.url === '/own') return void response.end(await own.text());
  if (request.url === '/no-upgrades') server.removeAllListeners('upgrade');
  setEndpoint(request, '/x');
  response.end('hello');
});
const own = monitorBandwidth({ prefix: 'own_', servers: [server] });
server.on('upgrade', (request, socket) => {
  setEndpoint(request, '/upgrade');
  socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nbye');
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
