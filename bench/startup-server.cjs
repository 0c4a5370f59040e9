// The smallest server there is; says when it listens, in ms since its process began, and how much CPU that took.
const { createServer } = require('node:http');

createServer(() => {}).listen(0, '127.0.0.1', () => {
  setImmediate(() => {
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ ms: performance.now(), cpuMs: (user + system) / 1000 }));
    process.exit();
  });
});
