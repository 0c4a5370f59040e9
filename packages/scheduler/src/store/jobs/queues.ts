import { limits, ProblemError } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';

const listQueues = defineStatement({
  name: 'list_queues',
  parameters: {},
  columns: { name: 'text' },
  sql: () => 'SELECT name FROM weighbridge.queues ORDER BY name',
});

/** None when that would be too many in all. Two masters at the same moment may go past the limit together. */
const createQueues = defineStatement({
  name: 'create_queues',
  parameters: { names: 'text[]', limit: 'int4' },
  columns: { name: 'text' },
  sql: ({ names, limit }) => `
    WITH missing AS (
      SELECT DISTINCT wanted.name FROM unnest(${names}) AS wanted (name)
      WHERE NOT EXISTS (SELECT 1 FROM weighbridge.queues q WHERE q.name = wanted.name)
    )
    INSERT INTO weighbridge.queues (name)
    SELECT name FROM missing
    WHERE (SELECT count(*) FROM weighbridge.queues) + (SELECT count(*) FROM missing) <= ${limit}
    ON CONFLICT DO NOTHING
    RETURNING name
  `,
});

/** The queues that exist; a queue is made by the first job that names it, up to the limit. */
export class Queues {
  readonly #on: Queryable;
  #known = new Set<string>();
  // One after the other, so that two submissions don't pass the limit together.
  #making: Promise<void> = Promise.resolve();

  constructor(on: Queryable) {
    this.#on = on;
  }

  get names(): string[] {
    return [...this.#known];
  }

  async refresh(): Promise<void> {
    this.#known = new Set((await this.#on.run(listQueues, {})).map(({ name }) => name));
  }

  /** Makes what is missing. Throws `too-many-names` before anything is made when that would pass the limit. */
  async ensure(names: string[]): Promise<void> {
    if (names.every((name) => this.#known.has(name))) return;
    const made = this.#making.then(() => this.#ensure(names));
    this.#making = made.catch(() => undefined);
    await made;
  }

  async #ensure(names: string[]): Promise<void> {
    await this.#on.run(createQueues, { names, limit: limits.queues });
    await this.refresh();
    const missing = names.find((name) => !this.#known.has(name));
    if (missing === undefined) return;
    throw new ProblemError('too-many-names', `Queue limit reached (${limits.queues}); ${missing} was not created.`);
  }
}
