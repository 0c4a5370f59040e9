import { EmbeddedServer } from '../../../src/store/embedded/embedded-server.ts';

/** Starts the embedded server in the folder that the first argument names, prints its URL, and waits to be killed. */
const server = new EmbeddedServer({ dataDir: process.argv[2] ?? '', onError: console.error });
console.log(await server.start());
setInterval(() => undefined, 60_000);
