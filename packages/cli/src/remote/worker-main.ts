// What `nodes add` starts on another machine, as one file that the build makes of this and all that it imports: a worker with
// the settings that lie in the folder that it is given.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportOf } from '../exit.ts';
import { createReporter } from '../services/reporter.ts';
import { runUntilStopped } from '../services/service.ts';
import { keepWorker } from '../services/worker-service.ts';
import type { RemoteWorkerSettings } from './remote-layout.ts';

const folder = process.argv[2] ?? '.';

try {
  const settings = JSON.parse(readFileSync(join(folder, 'worker.json'), 'utf8')) as RemoteWorkerSettings;
  const token = readFileSync(join(folder, 'token'), 'utf8').trim();
  const reporter = createReporter(false);
  reporter.starting();
  await runUntilStopped([() => keepWorker({ ...settings, token, workDir: join(folder, 'work') }, reporter)], reporter);
} catch (error) {
  const { exitCode, message } = reportOf(error, false);
  console.error(`weighbridge: ${message}`);
  process.exitCode = exitCode;
}
