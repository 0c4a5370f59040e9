import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface TimedCommand {
  readonly exitCode: number;
  readonly wallSeconds: number;
  /** Of the command and all that it has started. */
  readonly cpuSeconds: number;
}

/** Runs a command line of bash, whose `time` says what it and its children took. `onStarted` gets the shell's process number. */
export async function timeCommand(
  line: string,
  { env = {}, onStarted }: { env?: Record<string, string | undefined>; onStarted?: (pid: number) => void } = {},
): Promise<TimedCommand> {
  // Beside what the command itself says.
  const script = `TIMEFORMAT='%R %U %S'; exec 3>&2; time { { ${line}; } >/dev/null 2>&1; } 2>&1`;
  const child = spawn('bash', ['-c', `${script}; exit $?`], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onStarted?.(child.pid ?? 0);
  const said = text(child.stderr);
  const [exitCode] = (await once(child, 'close')) as [number];
  const [wallSeconds = 0, user = 0, system = 0] = (await said).trim().split(/\s+/).slice(-3).map(Number);
  return { exitCode, wallSeconds, cpuSeconds: user + system };
}
