// One application with a package that meddles with its server or its sockets, with or without the monitor. Prints its
// port; told anything on standard input, it prints the monitor's snapshot once no connection is left, and ends.
// node apps.cjs NAME CERTIFICATE [MONITOR]
const { createServer } = require('node:http');
const { readFileSync } = require('node:fs');
const { once } = require('node:events');

const [name, certificate, monitorModule] = process.argv.slice(2);
const body = Buffer.alloc(30_000, 'weighbridge ');

/** Answers what every test asks for; `express` is where middleware stands in between. */
function expressApp(...middleware) {
  const app = require('express')();
  app.disable('etag');
  for (const each of middleware) app.use(each);
  app.get('/text', (_request, response) => response.type('text').send(body.toString()));
  app.post('/upload', (request, response) => request.resume().on('end', () => response.send('taken')));
  app.get('/slow', (_request, response) => {
    response.write('one ');
    setTimeout(() => response.end('two'), 20);
  });
  return app;
}

function plain(request, response) {
  if (request.url === '/upload') request.resume().on('end', () => response.end('taken'));
  else response.end(body);
}

const apps = {
  express: () => createServer(expressApp()),
  // Loaded by `--require @opentelemetry/auto-instrumentations-node/register`, before anything else.
  opentelemetry: () => createServer(expressApp()),
  'express-prom-bundle': () => createServer(expressApp(require('express-prom-bundle')({ includePath: true }))),
  compression: () => createServer(expressApp(require('compression')())),
  helmet: () => createServer(expressApp(require('helmet')())),
  ws: () => {
    const server = createServer(plain);
    const { WebSocketServer } = require('ws');
    new WebSocketServer({ server }).on('connection', (socket) => {
      socket.on('message', (data) => socket.send(data));
    });
    return server;
  },
  'undici pipelining': () => createServer(plain),
  httpolyglot: () => {
    const pem = readFileSync(certificate);
    return require('httpolyglot').createServer({ key: pem, cert: pem }, plain);
  },
  'http-proxy': () => {
    const target = createServer(plain).listen(0, '127.0.0.1');
    const proxy = require('http-proxy').createProxyServer();
    return createServer((request, response) => {
      proxy.web(request, response, { target: { host: '127.0.0.1', port: target.address().port } });
    });
  },
};

async function main() {
  const monitored = monitorModule ? await import(monitorModule) : undefined;
  const server = apps[name]();
  const monitor = monitored?.monitorBandwidth({ servers: [server] });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  console.log(server.address().port);
  await once(process.stdin, 'data');
  while (monitor && monitor.snapshot().open.connections > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const text = monitor ? await monitor.text() : '';
  console.log(JSON.stringify({ snapshot: monitor?.snapshot() ?? null, isExact: /capture_exact 1$/m.test(text) }));
  process.exit();
}

main();
