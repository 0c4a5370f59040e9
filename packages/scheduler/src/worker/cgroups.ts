// Imported by the guard: see guard-messages.ts.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The processes of attempts, each in a cgroup of its own (version 2) below the one that this process is in: whatever leaves
 * its group, or changes its environment, stays in it, and one write ends them all.
 *
 * Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export class AttemptCgroups {
  readonly #home: string;
  readonly #root: string;

  private constructor(home: string, root: string) {
    this.#home = home;
    this.#root = root;
  }

  /** `undefined` where there are none, or where this user may not make any. */
  static open(workerId: string): AttemptCgroups | undefined {
    const home = findHome();
    if (home === undefined) return undefined;
    const cgroups = new AttemptCgroups(home, join(home, `weighbridge-${workerId}`));
    try {
      // Once there and back: what can't come back must not go.
      cgroups.#enter('probe');
      move(home);
      cgroups.remove('probe');
      return existsSync(join(cgroups.#root, 'cgroup.kill')) ? cgroups : undefined;
    } catch {
      return undefined;
    }
  }

  /** What `work` starts is in the attempt's cgroup from its first moment on: this process is too, meanwhile. */
  within<T>(attempt: string, work: () => T): T {
    try {
      this.#enter(attempt);
    } catch {
      // Out of cgroups: better without one than not at all.
      return work();
    }
    try {
      return work();
    } finally {
      move(this.#home);
    }
  }

  #enter(attempt: string): void {
    const path = join(this.#root, attempt);
    mkdirSync(path, { recursive: true });
    move(path);
  }

  /** Ends all that an attempt has started. */
  kill(attempt: string): void {
    writeQuietly(join(this.#root, attempt, 'cgroup.kill'), '1');
  }

  /** Removes an attempt's cgroup. False while something of it still runs. */
  remove(attempt: string): boolean {
    return removeTree(join(this.#root, attempt));
  }

  /** The processes of all attempts. */
  processes(): number[] {
    return listTree(this.#root)
      .flatMap((path) => readQuietly(join(path, 'cgroup.procs')).split('\n'))
      .filter((line) => line !== '')
      .map(Number);
  }

  /** Ends everything of this worker, with all attempts. */
  killAll(): void {
    writeQuietly(join(this.#root, 'cgroup.kill'), '1');
  }

  removeAll(): boolean {
    return removeTree(this.#root);
  }
}

/** The cgroup of this process. */
function findHome(): string | undefined {
  try {
    const mount = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .find((line) => / - cgroup2 /.test(line));
    const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    const [, , , root = '/', point] = mount?.split(' ') ?? [];
    if (point === undefined || own === undefined || !own.startsWith(root)) return undefined;
    return join(point, own.slice(root === '/' ? 0 : root.length));
  } catch {
    return undefined;
  }
}

// `0` is the process that writes.
const move = (path: string) => writeFileSync(join(path, 'cgroup.procs'), '0');

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It was removed meanwhile.
    return '';
  }
}

function writeQuietly(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch {
    // It isn't there: nothing of it runs.
  }
}

/** A cgroup and all below it, the deepest first. A job may have made some. */
function listTree(path: string): string[] {
  try {
    const folders = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...folders.flatMap(({ name }) => listTree(join(path, name))), path];
  } catch {
    return [];
  }
}

function removeTree(path: string): boolean {
  try {
    for (const one of listTree(path)) rmdirSync(one);
    return true;
  } catch {
    return !existsSync(path);
  }
}
