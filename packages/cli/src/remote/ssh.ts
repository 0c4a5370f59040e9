import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { formatCommandLine, parseCommandLine } from '@weighbridge/protocol';
import { FailedError, UsageError } from '../errors.ts';

/** `ssh` and its own options, as `--ssh` names them: `ssh -p 2222 -i key`. */
export function parseSshCommand(line: string): string[] {
  try {
    const words = parseCommandLine(line);
    if (words.length > 0) return words;
  } catch (cause) {
    throw new UsageError(`--ssh: ${(cause as Error).message}, got ${line}`, { cause });
  }
  throw new UsageError('--ssh must name a command such as ssh -p 2222');
}

/** One connection to a machine, over the system's `ssh`: its keys, its settings, its questions at the terminal. */
export class Ssh {
  readonly target: string;
  readonly #command: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'weighbridge-ssh-'));

  /** `target`: `user@host`, or a name of ssh's own settings. */
  constructor(target: string, command: readonly string[]) {
    if (target.startsWith('-')) throw new UsageError(`a machine is named as user@host, got ${target}`);
    this.target = target;
    this.#command = command;
  }

  /** Runs a script of a POSIX shell and gives what it prints. @throws FailedError with what ssh, or the script, said. */
  async run(script: string, input: Readable | string = ''): Promise<string> {
    const [program = 'ssh', ...options] = [...this.#command, ...this.#shared];
    const child = spawn(program, [...options, this.target, formatCommandLine('sh', ['-c', script])]);
    const said = text(child.stderr);
    const printed = text(child.stdout);
    const spawned = once(child, 'close');
    // A machine that ends the connection early says why on the other stream.
    await pipeline(typeof input === 'string' ? Readable.from([input]) : input, child.stdin).catch(() => undefined);
    const [code] = await spawned.catch((cause: NodeJS.ErrnoException) => {
      throw new FailedError(
        `${program} can't be started (${cause.code}); install an SSH client, or name one with --ssh`,
        { cause },
      );
    });
    if (code === 0) return printed;
    const why = (await said).trim().split('\n').at(-1) || `it exited with ${code}`;
    throw new FailedError(`${this.target}: ${why}`);
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    const [program = 'ssh', ...options] = [...this.#command, ...this.#shared];
    const child = spawn(program, [...options, '-O', 'exit', this.target], { stdio: 'ignore' });
    await once(child, 'close').catch(() => undefined);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  // The first call signs in, the others share its connection.
  get #shared(): string[] {
    const path = join(this.#folder, 'c');
    return [
      '-o',
      'ControlMaster=auto',
      '-o',
      `ControlPath=${path}`,
      '-o',
      'ControlPersist=60',
      '-o',
      'Compression=yes',
    ];
  }
}
