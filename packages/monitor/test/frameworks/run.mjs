// Starts one application of `apps/` and prints where it listens. With RELOAD it is loaded and started a second time, as
// a development server does after a change. With LATE the monitor is loaded when all routes are there.
import { once } from 'node:events';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const [file, ...args] = process.argv.slice(2);
let server = await start('first');
if (process.env.RELOAD) {
  server.close();
  await once(server, 'close');
  server = await start('second');
}
console.log(`http://127.0.0.1:${server.address().port}`);

async function start(version) {
  for (const loaded of Object.keys(require.cache)) delete require.cache[loaded];
  const app = file.endsWith('.cjs') ? require(`./apps/${file}`) : await import(`./apps/${file}?${version}`);
  const started = await (process.env.LATE ? startLate(app) : app.start(...args));
  if (!started.listening) await once(started, 'listening');
  return started;
}

async function startLate(app) {
  const created = app.create(...args);
  await import(process.env.REGISTER);
  return created.listen(0, '127.0.0.1');
}
