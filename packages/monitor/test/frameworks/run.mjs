// Starts one application of `apps/` and prints where it listens. With RELOAD it is loaded and started a second time, as
// a development server does after a change.
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
  const started = await app.start(...args);
  if (!started.listening) await once(started, 'listening');
  return started;
}
