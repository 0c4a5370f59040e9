import { limits, ProblemError } from '@weighbridge/protocol';
import type { PgBoss } from 'pg-boss';
import type { Database } from './database.ts';
import { queueNames } from './queue-statements.ts';

const year = 365 * 86_400;

/** pg-boss deletes queued jobs after 14 days by default: a job may wait as long as it must. */
const retentionSeconds = 10 * year;
/** How long an ended job can be looked at. */
export const deleteAfterSeconds = 30 * 86_400;

const nobody = '00000000-0000-0000-0000-000000000000';

/** The queues that exist; a queue is made by the first job that names it, up to the cap. */
export class Queues {
  readonly #database: Database;
  readonly #boss: PgBoss;
  #known = new Set<string>();
  // One after the other, so that two submissions don't pass the cap together.
  #making: Promise<void> = Promise.resolve();

  constructor(database: Database, boss: PgBoss) {
    this.#database = database;
    this.#boss = boss;
  }

  get names(): string[] {
    return [...this.#known];
  }

  async refresh(): Promise<void> {
    const names = (await this.#database.query(queueNames)).map((row) => row.name as string);
    for (const name of names) if (!this.#known.has(name)) await this.#warm(name);
    this.#known = new Set(names);
  }

  /** pg-boss looks a queue up once: not inside a transaction, where it would want a second connection. */
  async #warm(name: string): Promise<void> {
    await this.#boss.findJobs(name, { id: nobody, limit: 1 });
  }

  /** Makes what is missing. Throws `too-many-names` before anything is made when that would pass the cap. */
  ensure(names: string[]): Promise<void> {
    const made = this.#making.then(() => this.#ensure(names));
    this.#making = made.catch(() => undefined);
    return made;
  }

  async #ensure(names: string[]): Promise<void> {
    const isNew = () => [...new Set(names)].filter((name) => !this.#known.has(name));
    if (isNew().length === 0) return;
    await this.refresh();
    const missing = isNew();
    if (missing.length > 0 && this.#known.size + missing.length > limits.queues) throw tooMany(missing);
    for (const name of missing) {
      await this.#boss.createQueue(name, { retentionSeconds, deleteAfterSeconds, retryLimit: 0, retryDelay: 0 });
      await this.#warm(name);
      this.#known.add(name);
    }
  }
}

function tooMany([name]: string[]): ProblemError {
  return new ProblemError('too-many-names', `queue ${name} would be one too many: at most ${limits.queues} are kept`);
}
