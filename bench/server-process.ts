import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pin } from './pinning.ts';

/** A server of ours in a process of its own, on core 0; asked and answered by messages, one at a time. */
export class ServerProcess<Started extends object> {
  readonly #child: ChildProcess;
  /** What it sent when it was ready. */
  readonly started: Started;

  private constructor(child: ChildProcess, started: Started) {
    this.#child = child;
    this.started = started;
  }

  /** @param file beside the caller, as a URL; @param hello sent at once, where the server waits for it. */
  static async start<Started extends object>(file: URL, args: readonly string[], hello?: object) {
    const child = fork(fileURLToPath(file), args, { cwd: fileURLToPath(new URL('.', file)) });
    if (child.pid !== undefined) pin(child.pid, 0);
    if (hello) child.send(hello);
    return new ServerProcess<Started>(child, await answerOf<Started>(child));
  }

  ask<Answer = number>(what: string): Promise<Answer> {
    this.#child.send(what);
    return answerOf<Answer>(this.#child);
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      act();
    };
    const onMessage = (answer: unknown) => settle(() => resolve(answer as Answer));
    const onExit = (code: number | null) =>
      settle(() => reject(new Error(`a server of the bench ended (exit code ${code})`)));
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}
