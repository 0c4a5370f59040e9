import { availableParallelism } from 'node:os';
import { limits } from '@weighbridge/protocol';
import { OptionError } from '../errors.ts';
import type { WorkerEvent } from './worker-event.ts';

/** How a worker is set up. */
export interface WorkerOptions {
  /** The master's address, e.g. `http://127.0.0.1:8080`. */
  master: string;
  token: string;
  /** The node's name. Default: the host's name, made fit; for a further worker in the same `workDir` with a number. */
  name?: string | undefined;
  /** Takes the name from another worker that holds it, and ends that. Default false. */
  takeOver?: boolean | undefined;
  /** The queues it serves. Default `['default']`. */
  queues?: readonly string[] | undefined;
  /** How much runs at a time. Default: the machine's parallelism. */
  slots?: number | undefined;
  /** Commands that jobs may run, by name. Default: none. */
  allow?: readonly string[] | undefined;
  /**
   * What jobs see of this machine's environment: `NAME`, with its value here, or `NAME=value`. A job sees these,
   * what it names itself, `WEIGHBRIDGE_ATTEMPT`, and a `PATH` of the system's folders unless one is named here.
   */
  env?: readonly string[] | undefined;
  /** Where attempts run and inputs are cached. Default `./data/worker`. */
  workDir?: string | undefined;
  /** The bound of the cache of inputs, in bytes. Default 1 GiB. */
  cacheBytes?: number | undefined;
  /** Told what happens, for logs. */
  onEvent?: ((event: WorkerEvent) => void) | undefined;
}

/** {@link WorkerOptions} with every default filled in. */
export interface ResolvedWorkerOptions {
  readonly master: string;
  readonly token: string;
  /** Undefined: chosen at the start. */
  readonly name: string | undefined;
  readonly takeOver: boolean;
  readonly queues: readonly string[];
  readonly slots: number;
  readonly allow: readonly string[];
  /** Each as `NAME=value`, `PATH` among them. */
  readonly env: readonly string[];
  readonly workDir: string;
  readonly cacheBytes: number;
  readonly onEvent: (event: WorkerEvent) => void;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin';
const names = new Set('master token name takeOver queues slots allow env workDir cacheBytes onEvent'.split(' '));
const environmentEntry = /^(?<name>[A-Za-z_][A-Za-z0-9_]*)(?:=(?<value>[^\0]*))?$/s;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * Fills in defaults and freezes. What it returns may be passed again.
 *
 * @throws OptionError whose message names option, rule and value.
 */
export function resolveWorkerOptions(input: WorkerOptions): ResolvedWorkerOptions {
  for (const option of Object.keys(input)) {
    if (!names.has(option)) throw new OptionError(`${option} is not an option of the worker`);
  }
  return Object.freeze({
    master: masterUrl(input.master),
    token: required('token', input.token),
    name: input.name === undefined ? undefined : named('name', input.name),
    takeOver: flag('takeOver', input.takeOver ?? false),
    queues: Object.freeze(queues(input.queues ?? ['default'])),
    slots: integer('slots', input.slots ?? Math.min(availableParallelism(), limits.slots), 1, limits.slots),
    allow: Object.freeze((input.allow ?? []).map(allowed)),
    env: Object.freeze(environment(input.env ?? [])),
    workDir: required('workDir', input.workDir ?? './data/worker'),
    cacheBytes: integer('cacheBytes', input.cacheBytes ?? 1024 ** 3, 0, Number.MAX_SAFE_INTEGER),
    onEvent: input.onEvent ?? (() => {}),
  });
}

function refuse(option: string, rule: string, value: unknown): never {
  throw new OptionError(`${option} must be ${rule}, got ${JSON.stringify(value) ?? 'nothing'}`);
}

function masterUrl(value: string): string {
  const url = URL.parse(value);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') refuse('master', 'an http or https address', value);
  return value;
}

function required(option: string, value: string): string {
  if (typeof value !== 'string' || value === '') refuse(option, 'a text that is not empty', value);
  return value;
}

function named(option: string, value: string): string {
  if (typeof value === 'string' && value.length <= limits.nameLength && namePattern.test(value)) return value;
  refuse(
    option,
    `1 to ${limits.nameLength} of letters, digits, '.', '_' and '-', starting with a letter or digit`,
    value,
  );
}

function queues(values: readonly string[]): string[] {
  if (values.length < 1 || values.length > 100) refuse('queues', '1 to 100 names', values);
  return [...new Set(values.map((queue) => named('queues', queue)))];
}

function integer(option: string, value: number, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < min || value > max)
    refuse(option, `an integer from ${min} to ${max}`, value);
  return value;
}

function flag(option: string, value: boolean): boolean {
  if (typeof value !== 'boolean') refuse(option, 'true or false', value);
  return value;
}

function allowed(command: string): string {
  if (command === '' || /[/\0]/.test(command)) refuse('allow', "a command's name without '/'", command);
  return command;
}

function environment(entries: readonly string[]): string[] {
  const env: Record<string, string> = { PATH: defaultPath };
  for (const entry of entries) {
    const { name, value } = environmentEntry.exec(entry)?.groups ?? {};
    if (name === undefined) refuse('env', 'NAME or NAME=value', entry);
    const given = value ?? process.env[name];
    if (given !== undefined) env[name] = given;
  }
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

/** Values by name, of resolved options. */
export function parseEnvironment(env: readonly string[]): Record<string, string> {
  return Object.fromEntries(env.map((entry) => entry.split(/=(.*)/s, 2) as [string, string]));
}
