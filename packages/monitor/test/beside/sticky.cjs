// A cluster whose primary hands each connection to the worker of its session (@socket.io/sticky), with a monitor in
// each worker. Prints its port; told anything on standard input, it prints the workers' snapshots, and ends.
// node sticky.cjs MONITOR
const cluster = require('node:cluster');
const { createServer } = require('node:http');
const { once } = require('node:events');
const { setupMaster, setupWorker } = require('@socket.io/sticky');

const workers = 2;

async function primary() {
  // Sockets come with what the primary has read of them, as bytes.
  cluster.setupPrimary({ serialization: 'advanced' });
  const server = createServer();
  setupMaster(server, { loadBalancingMethod: 'round-robin' });
  const all = Array.from({ length: workers }, () => cluster.fork());
  await Promise.all(
    all.map((worker) => new Promise((resolve) => worker.on('message', (message) => message === 'ready' && resolve()))),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  console.log(server.address().port);
  await once(process.stdin, 'data');
  const told = all.map((worker) => {
    const answer = new Promise((resolve) => worker.on('message', (message) => message.told && resolve(message.told)));
    worker.send('tell');
    return answer;
  });
  console.log(JSON.stringify(await Promise.all(told)));
  process.exit();
}

async function worker() {
  const { monitorBandwidth } = await import(process.argv[2]);
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('taken'));
  });
  const { Server } = require('socket.io');
  const io = new Server(server);
  io.on('connection', (socket) => socket.on('echo', (text, answer) => answer(text)));
  const monitor = monitorBandwidth({ servers: [server] });
  setupWorker(io);
  process.on('message', async (message) => {
    if (message !== 'tell') return;
    // A stream that the package makes of a long request never closes: nothing waits for that.
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.send({ told: monitor.snapshot() });
  });
  process.send('ready');
}

if (cluster.isPrimary) primary();
else worker();
