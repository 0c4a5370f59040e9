import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process of this machine that goes on when the command line has ended: a systemd user unit where there is one, else alone. */
export class LocalService {
  readonly #unit: string;
  readonly #pidFile: string;
  readonly #logFile: string;

  /** `folder`: where its log and its process number are kept. */
  constructor(name: string, folder: string) {
    this.#unit = `weighbridge-${name}.service`;
    this.#pidFile = join(folder, `${name}.pid`);
    this.#logFile = join(folder, `${name}.log`);
  }

  /** Starts it; whatever ran before is stopped. */
  async start(description: string, words: readonly string[]): Promise<void> {
    await this.stop();
    if (await hasUserUnits()) return this.#startUnit(description, words);
    const log = openSync(this.#logFile, 'a', 0o600);
    const [program = '', ...args] = words;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] });
    child.unref();
    writeFileSync(this.#pidFile, `${child.pid}`);
  }

  async stop(): Promise<void> {
    if (existsSync(this.#unitFile)) {
      await run('systemctl', ['--user', 'disable', '--now', this.#unit]).catch(() => undefined);
      rmSync(this.#unitFile, { force: true });
    }
    const pid = readPid(this.#pidFile);
    rmSync(this.#pidFile, { force: true });
    if (pid !== undefined && isOurs(pid)) process.kill(pid, 'SIGTERM');
  }

  async #startUnit(description: string, words: readonly string[]): Promise<void> {
    mkdirSync(join(this.#unitFile, '..'), { recursive: true });
    const command = words.map((word) => `"${word.replaceAll('%', '%%').replaceAll(/["\\$]/g, '\\$&')}"`).join(' ');
    writeFileSync(
      this.#unitFile,
      `[Unit]\nDescription=${description}\n\n[Service]\nExecStart=${command}\nRestart=always\nRestartSec=2\n\n[Install]\nWantedBy=default.target\n`,
    );
    await run('systemctl', ['--user', 'daemon-reload']);
    await run('systemctl', ['--user', 'enable', '--now', this.#unit]);
  }

  get #unitFile(): string {
    return join(homedir(), '.config', 'systemd', 'user', this.#unit);
  }
}

async function hasUserUnits(): Promise<boolean> {
  return run('systemctl', ['--user', 'show-environment']).then(
    () => true,
    () => false,
  );
}

function readPid(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** The number may be another process's by now. */
function isOurs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('tunnel');
  } catch {
    return false;
  }
}
