// Loaded before a program: says when it listens, or ends, in ms since its process began, and how much CPU that took.
const { subscribe } = require('node:diagnostics_channel');

function report() {
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ ms: performance.now(), cpuMs: (user + system) / 1000 }));
}

subscribe('tracing:net.server.listen:asyncEnd', () => {
  setImmediate(() => process.exit());
});
process.once('exit', report);
