import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pin } from './pinning.ts';

/** `memory-server.ts` in a process of its own. */
export class MemoryProcess {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Runs `use` beside a server of this kind and ends it. */
  static async with<T>(kind: 'none' | 'routed' | 'raw', maxEndpoints: number, use: (one: MemoryProcess) => Promise<T>) {
    const child = fork(fileURLToPath(new URL('memory-server.ts', import.meta.url)), [kind, String(maxEndpoints)]);
    pin(child.pid as number, 0);
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    try {
      return await use(new MemoryProcess(child, port));
    } finally {
      child.disconnect();
    }
  }

  async ask<T = number>(what: string): Promise<T> {
    this.#child.send(what);
    const [answer] = (await once(this.#child, 'message')) as [T];
    return answer;
  }
}
