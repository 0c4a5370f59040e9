import pg from 'pg';
import { StoreFullError, StoreUnavailableError } from '../../errors.ts';
import { encode, typeParsers } from './sql-types.ts';
import { defineStatement, type Fields, type Statement, toSqlType, type Values } from './statement.ts';

/** Runs statements. */
export interface Queryable {
  /** @throws StoreUnavailableError when no server answers in time. */
  run<P extends Fields, C extends Fields>(statement: Statement<P, C>, parameters: Values<P>): Promise<Values<C>[]>;
}

export interface Transaction extends Queryable {
  /** Text with several statements and without parameters: migrations. */
  execute(text: string): Promise<void>;
}

const connections = 10;
const pingMs = 2000;
const connectMs = 5000;
/** A frozen server never answers and never closes: longer than any statement of ours takes. */
const statementMs = 15_000;
const deadlockTries = 5;

/**
 * Each connection's settings. A prepared statement keeps the plan that was made when the tables were small, and then reading
 * a whole table looks cheap: a million jobs later each claim would read them all. Every statement of ours has an index.
 */
export const sessionSettings = 'SET enable_seqscan = off; SET jit = off';

/** A pool of connections to one database. */
export class Database implements Queryable {
  readonly #pool: pg.Pool;
  readonly #url: string;

  constructor(url: string, onError: (error: unknown) => void) {
    this.#url = url;
    // Awaited by the pool, whatever its types say.
    const onConnect = (client: pg.ClientBase) => client.query(sessionSettings);
    this.#pool = new pg.Pool({ ...this.clientOptions, max: connections, onConnect });
    // Of a connection that nobody uses; the pool has dropped it. A server that stops after this one says so too.
    this.#pool.on('error', (error) => this.#pool.ending || onError(error));
  }

  /** For a connection that is not of the pool. */
  get clientOptions(): pg.ClientConfig {
    return {
      connectionString: this.#url,
      application_name: 'weighbridge',
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
      types: typeParsers,
    };
  }

  async run<P extends Fields, C extends Fields>(
    statement: Statement<P, C>,
    parameters: Values<P>,
  ): Promise<Values<C>[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await answerWithin(statementMs, runOn(this.#pool, statement, parameters));
      } catch (error) {
        // A statement is a transaction, so nothing of it has happened.
        if (attempt === deadlockTries || (error as { code?: unknown }).code !== deadlock) throw error;
      }
    }
  }

  /** All or nothing, for what is more than one statement. `work` must use the transaction that it is given. */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw translate(error);
    });
    try {
      await client.query('BEGIN');
      const result = await work({
        run: (statement, parameters) => runOn(client, statement, parameters),
        execute: async (text) => void (await client.query(text)),
      });
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      const isRolledBack = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      );
      client.release(!isRolledBack);
      throw translate(error);
    }
  }

  /** Does a server answer? @throws StoreUnavailableError, or the server's refusal. */
  async ping(): Promise<void> {
    await answerWithin(pingMs, this.run(askNothing, {}));
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

const askNothing = defineStatement({
  name: 'ask_nothing',
  parameters: {},
  columns: { one: 'int4' },
  sql: () => 'SELECT 1 AS one',
});

const deadlock = '40P01';
const diskFull = '53100';

async function runOn<P extends Fields, C extends Fields>(
  on: pg.Pool | pg.PoolClient,
  { name, text, parameters: types }: Statement<P, C>,
  parameters: Values<P>,
): Promise<Values<C>[]> {
  const values = Object.entries(types).map(([key, type]) => encode(toSqlType(type), parameters[key]));
  return (await on.query({ name, text, values })).rows as Values<C>[];
}

/** SQLSTATE classes and driver codes that mean "the server is not there", not "the statement is wrong". */
const unavailableStates = /^(08...|57P0[1-5]|53300|57014|ECONN\w+|ENOENT|ENOTFOUND|EPIPE|EAI_AGAIN|ETIMEDOUT)$/;
const unavailableMessages =
  /timeout exceeded when trying to connect|Connection terminated|after calling end on the pool/;

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
  if (gone) return new StoreUnavailableError('the store does not answer', { cause: error });
  return code === diskFull ? new StoreFullError("the database's disk is full", { cause: error }) : error;
}
