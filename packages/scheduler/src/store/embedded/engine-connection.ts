import { AsyncLocalStorage } from 'node:async_hooks';
import type { Db } from 'pg-boss';
import type { ScopedTransaction } from '../database.ts';
import type { Engine } from './engine.ts';

type Release = () => void;

/**
 * pg-boss's database port over one connection. A transaction holds it until it is settled; statements from
 * elsewhere wait.
 */
export function connectionOver(engine: Engine): Db {
  // pg-boss may look up a queue on the outer port while a transaction of ours is open: in the same
  // asynchronous context that must not wait for itself.
  const inTransaction = new AsyncLocalStorage<{ open: boolean }>();
  let last: Promise<void> = Promise.resolve();

  const acquire = async (): Promise<Release> => {
    const before = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = promise;
    await before;
    return resolve;
  };

  const run = async (text: string, values: unknown[] = []) => {
    const request = values.length > 0 ? ({ kind: 'query', text, values } as const) : ({ kind: 'exec', text } as const);
    return { rows: (await engine.ask(request)) as unknown[] };
  };

  const alone = async (text: string, values?: unknown[]) => {
    const release = await acquire();
    try {
      return await run(text, values);
    } catch (error) {
      // A failed multi-statement text may have left its own transaction open.
      await run('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      release();
    }
  };

  return {
    executeSql: (text, values) => (inTransaction.getStore()?.open ? run(text, values) : alone(text, values)),
    async beginTransaction() {
      const release = await acquire();
      const context = { open: true };
      const settle = async (verb: string) => {
        if (!context.open) return;
        context.open = false;
        await run(verb).finally(release);
      };
      await run('BEGIN').catch((error: unknown) => {
        release();
        throw error;
      });
      const transaction: ScopedTransaction = {
        db: { executeSql: run },
        within: (work) => inTransaction.run(context, work),
        commit: () => settle('COMMIT'),
        rollback: () => settle('ROLLBACK').catch(() => undefined),
      };
      return transaction;
    },
    async listen(channel, onNotification, onReconnect) {
      const stop = await engine.listen(channel, onNotification);
      onReconnect();
      return { close: async () => stop() };
    },
  };
}
