import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { type ClaimedAttempt, formatCommandLine } from '@weighbridge/protocol';

/**
 * With these a job would choose which code an allowed command runs. The list can't be whole (an interpreter has its
 * own), and there is no sandbox; it keeps `--allow gzip` from meaning any program that a job brings as an input.
 */
const loaderVariable = /^(PATH|LD_.*|DYLD_.*|GCONV_PATH|BASH_ENV|ENV|NODE_OPTIONS|PERL5OPT|PYTHONSTARTUP|RUBYOPT)$/;

/** Why the worker of the node `node` won't run the job, or `undefined`. */
export function refusalOf(
  { command, env }: Pick<ClaimedAttempt, 'command' | 'env'>,
  allow: readonly string[],
  node: string,
): string | undefined {
  if (!allow.includes(command)) {
    const allowed = allow.length === 0 ? 'allows no command' : `allows ${allow.join(', ')}`;
    return `node ${node} does not allow the command ${JSON.stringify(command)}: it ${allowed}; to allow it, start its worker with --allow ${formatCommandLine(command, [])} as well`;
  }
  const variable = Object.keys(env).find((name) => loaderVariable.test(name));
  if (variable === undefined) return undefined;
  return `node ${node} refuses the job's variable ${variable}, which decides what code a command runs; to set it, start its worker with --env ${variable}=VALUE`;
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
