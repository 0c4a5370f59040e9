// A worker in a process of its own, for tests that kill or stop it: node run-worker.ts '<options as JSON>'.
import { Worker } from '../../../src/worker/index.ts';

const worker = new Worker(JSON.parse(process.argv[2] ?? '{}'));
process.once('SIGTERM', () => worker.stop());
console.log(JSON.stringify(await worker.start()));
await worker.ended;
