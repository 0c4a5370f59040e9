import type { PgBoss } from 'pg-boss';
import type { Database } from './database.ts';
import type { Queues } from './queues.ts';
import type { Signals } from './signals.ts';

/** What every operation of the store works on. */
export interface StoreContext {
  database: Database;
  boss: PgBoss;
  queues: Queues;
  signals: Signals;
}
