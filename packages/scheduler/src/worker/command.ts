import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { ClaimedAttempt } from '@weighbridge/protocol';

/**
 * With these a job would choose which code an allowed command runs. The list can't be whole (an interpreter has its
 * own), and there is no sandbox; it keeps `--allow gzip` from meaning any program that a job brings as an input.
 */
const loaderVariable = /^(PATH|LD_.*|DYLD_.*|GCONV_PATH|BASH_ENV|ENV|NODE_OPTIONS|PERL5OPT|PYTHONSTARTUP|RUBYOPT)$/;

/** Why this worker won't run the job, or `undefined`. */
export function refusalOf({ command, env }: ClaimedAttempt, allow: readonly string[]): string | undefined {
  if (!allow.includes(command)) {
    return `the worker's --allow does not name the command ${JSON.stringify(command)} (it names ${allow.join(', ') || 'none'})`;
  }
  const variable = Object.keys(env).find((name) => loaderVariable.test(name));
  return variable && `the job sets ${variable}, which decides what code a command runs; only the worker's --env may`;
}

/** The file of a command in `path`, where only absolute folders count: a job's own folder is never looked in. */
export async function resolveCommand(command: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const file = join(folder, command);
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
