import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { alive } from './processes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = fileURLToPath(new URL('../../packages/cli/bin/weighbridge.js', import.meta.url));

/** A free port each, so that tests run beside each other and beside a developer's own. */
export const anyPorts = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'];

type Environment = Record<string, string | undefined>;

/** What a command printed, and how it ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs `weighbridge` to its end, as a user would. */
export async function weighbridge(args: string[], env: Environment = {}): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...args], optionsOf(env));
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, ...output };
}

/** One line of `--json`. */
interface Event {
  event: string;
  [field: string]: unknown;
}

/** A service that runs, and what it said. */
export interface Service {
  child: ChildProcess;
  events: Event[];
  /** All of its output so far. */
  output(): string;
}

/** A master that runs. */
export interface Running extends Service {
  apiUrl: string;
  metricsUrl: string;
  /** For commands that talk to it. */
  env: Environment;
}

/** Starts `npm start` with these arguments, as in a fresh clone, and waits until it is ready. */
export function npmStart(args: string[], env: Environment = {}, options: SpawnOptions = {}): Promise<Running> {
  return untilReady(
    spawn('npm', ['start', '--silent', '--', '--json', ...args], { ...optionsOf(env), cwd: root, ...options }),
  );
}

/** Starts `weighbridge` with these arguments and waits until it is ready. Ends with its test. */
export function start(args: string[], env: Environment = {}): Promise<Running> {
  return untilReady(spawn(process.execPath, [bin, ...args, '--json'], optionsOf(env)));
}

/** Starts `weighbridge worker` with these arguments and waits until it is ready. Ends with its test. */
export async function startWorker(args: string[], env: Environment): Promise<Service> {
  const worker = await startSharedWorker(args, env);
  onTestFinished(() => stop(worker.child));
  return worker;
}

/** The same for several tests: whoever starts it stops it, with {@link stop}. */
export function startShared(args: string[], env: Environment = {}, within: string[] = []): Promise<Running> {
  return readEvents(spawnWeighbridge(within, [...args, '--json'], env), env.WEIGHBRIDGE_TOKEN);
}

/** The same as {@link startWorker}: whoever starts it stops it. */
export function startSharedWorker(args: string[], env: Environment, within: string[] = []): Promise<Service> {
  return untilSaid(spawnWeighbridge(within, ['worker', ...args, '--json'], env));
}

/** `within`: a command that takes another one, such as `ip netns exec NAME`. */
export function spawnWeighbridge(within: string[], args: string[], env: Environment): ChildProcess {
  const [program = '', ...more] = [...within, process.execPath, bin, ...args];
  return spawn(program, more, optionsOf(env));
}

// Nothing of the developer's own reaches the tests.
function optionsOf(env: Environment): SpawnOptions {
  const own = { WEIGHBRIDGE_TOKEN: undefined, WEIGHBRIDGE_MASTER: undefined, WEIGHBRIDGE_DATABASE_URL: undefined };
  return { env: { ...process.env, ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] };
}

function untilReady(child: ChildProcess): Promise<Running> {
  onTestFinished(() => stop(child));
  return readEvents(child);
}

async function readEvents(child: ChildProcess, givenToken?: string): Promise<Running> {
  const service = await untilSaid(child);
  const { apiUrl, metricsUrl } = service.events.find(({ event }) => event === 'listening') as Record<string, unknown>;
  const path = service.events.find(({ event }) => event === 'token')?.path;
  const token = path === undefined ? givenToken : readFileSync(String(path), 'utf8').trim();
  return {
    ...service,
    apiUrl: String(apiUrl),
    metricsUrl: String(metricsUrl),
    env: { WEIGHBRIDGE_MASTER: String(apiUrl), WEIGHBRIDGE_TOKEN: token },
  };
}

/** Reads what a service says, and waits until it says that it is ready. */
async function untilSaid(child: ChildProcess): Promise<Service> {
  const events: Event[] = [];
  let output = '';
  const ready = Promise.withResolvers<void>();
  child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    output += `${line}\n`;
    events.push(JSON.parse(line));
    if (events.at(-1)?.event === 'ready') ready.resolve();
  });
  child.once('close', (code) => ready.reject(new Error(`it ended with ${code} before it was ready:\n${output}`)));
  await ready.promise;
  return { child, events, output: () => output };
}

/** Ends a service as an operator would, and at last by force. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || !alive(child.pid)) return;
  child.kill('SIGTERM');
  const closed = once(child, 'close');
  const timer = setTimeout(() => child.kill('SIGKILL'), 6000);
  await closed;
  clearTimeout(timer);
}
