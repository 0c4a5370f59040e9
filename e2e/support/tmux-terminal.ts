import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../packages/cli/bin/weighbridge.js', import.meta.url));
const socket = `weighbridge-test-${process.pid}`;

const tmux = (...args: string[]) => execFileSync('tmux', ['-L', socket, ...args], { encoding: 'utf8' });

/** `weighbridge` in a terminal of its own, which tmux plays. One at a time. */
export class Terminal {
  constructor(args: string[], env: Record<string, string | undefined> = {}, size: [number, number] = [110, 30]) {
    const variables = Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : ['-e', `${name}=${value}`],
    );
    const [columns, rows] = size.map(String) as [string, string];
    // The shell says how it ended: tmux forgets that now and then. Ctrl-C is for the command alone.
    const shell = ['sh', '-c', 'trap : INT; "$@"; echo "exit code $?"', '-'];
    tmux('new-session', '-d', '-x', columns, '-y', rows, ...variables, ...shell, process.execPath, bin, ...args);
    // Its screen stays when it has ended.
    tmux('set-option', '-g', 'remain-on-exit', 'on');
  }

  screen(withStyles = false): string {
    return tmux('capture-pane', '-p', ...(withStyles ? ['-e'] : []));
  }

  /** With what has left the screen. */
  printed(): string {
    return tmux('capture-pane', '-p', '-S', '-100');
  }

  press(...keys: string[]): void {
    tmux('send-keys', ...keys);
  }

  resize(columns: number, rows: number): void {
    tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  get hasEnded(): boolean {
    return tmux('list-panes', '-F', '#{pane_dead}').trim() === '1';
  }

  /** Of a command that has ended. */
  get exitCode(): number {
    return Number(/^exit code (\d+)$/m.exec(this.printed())?.[1]);
  }

  /** Ends whatever runs in it. */
  static closeAll(): void {
    try {
      tmux('kill-server');
    } catch {
      // It has ended with its last session.
    }
  }
}
