import type { Db as BossDb } from 'pg-boss';
import { StoreUnavailableError } from '../errors.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row's shape belongs to the statement beside it
export type Row = any;

/** Runs one statement with `$1` parameters. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<Row[]>;
  /** The same connection as pg-boss wants it, for its `db` option. */
  readonly boss: BossDb;
}

/** What both engines offer; everything above it is written once. */
export interface Database extends Queryable {
  /** All or nothing. Statements of `work` must go through the `Queryable` that it is given. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** `onGap` is called when notifications may have been missed. Returns how to stop listening. */
  listen(channel: string, onPayload: (payload: string) => void, onGap: () => void): Promise<() => Promise<void>>;
}

/** SQLSTATE classes and driver codes that mean "the server is not there", not "the statement is wrong". */
const unavailableStates = /^(08...|57P0[1-5]|53300|57014|ECONN\w+|ENOTFOUND|EPIPE|EAI_AGAIN|ETIMEDOUT)$/;
const unavailableMessages = /timeout exceeded when trying to connect|Connection terminated|Database not opened/;

/** A frozen server never answers and never closes: longer than any statement of ours takes. */
const statementMs = 15_000;

/** The statement's answer, or `StoreUnavailableError` when there is none in `ms`. */
export async function answerWithin<T>(ms: number, statement: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const say = () => reject(new StoreUnavailableError(`the store gave no answer in ${ms} ms`));
  const timer = setTimeout(say, ms);
  try {
    return await Promise.race([statement, late]);
  } catch (error) {
    throw translate(error);
  } finally {
    clearTimeout(timer);
  }
}

function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreUnavailableError) return error;
  const { code } = error as { code?: unknown };
  const gone = (typeof code === 'string' && unavailableStates.test(code)) || unavailableMessages.test(error.message);
  return gone ? new StoreUnavailableError('the store does not answer', { cause: error }) : error;
}

function queryable(boss: BossDb): Queryable {
  const executeSql: BossDb['executeSql'] = (text, values) => answerWithin(statementMs, boss.executeSql(text, values));
  return {
    query: async (text, values = []) => (await executeSql(text, values)).rows,
    boss: { executeSql },
  };
}

/** A database over pg-boss's own port, which its pool and our embedded engine both fill. */
export function databaseOver(boss: BossDb): Database {
  return {
    ...queryable(boss),
    async transaction(work) {
      if (!boss.beginTransaction) throw new TypeError('this database has no transactions');
      const handle = await boss.beginTransaction().catch((error: unknown) => {
        throw translate(error);
      });
      try {
        const result = await work(queryable(handle.db));
        await handle.commit();
        return result;
      } catch (error) {
        await handle.rollback();
        throw translate(error);
      }
    },
    async listen(channel, onPayload, onGap) {
      if (!boss.listen) throw new TypeError('this database has no notifications');
      const handle = await boss.listen(channel, onPayload, onGap);
      return () => handle.close();
    },
  };
}
