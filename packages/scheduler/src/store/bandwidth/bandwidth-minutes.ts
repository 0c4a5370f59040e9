import type { Queryable } from '../database/database.ts';
import { defineStatement, json } from '../database/statement.ts';
import type { StoredMinute } from '../store.ts';

/** Rows of one statement: with many endpoints a minute is some 30 kB. */
const pageSize = 100;

const saveMinute = defineStatement({
  name: 'save_bandwidth_minute',
  parameters: { master: 'uuid', at: 'timestamptz', minute: json<object>() },
  columns: {},
  sql: ({ master, at, minute }) => `
    INSERT INTO weighbridge.bandwidth_minutes (master, at, minute) VALUES (${master}, ${at}, ${minute})
    ON CONFLICT (master, at) DO NOTHING
  `,
});

const listMinutes = defineStatement({
  name: 'list_bandwidth_minutes',
  parameters: { master: 'uuid', after: 'timestamptz', limit: 'int4' },
  columns: { at: 'timestamptz', minute: json<object>() },
  sql: ({ master, after, limit }) => `
    SELECT at, minute FROM weighbridge.bandwidth_minutes
    WHERE master = ${master} AND at > ${after} ORDER BY at LIMIT ${limit}
  `,
});

/** Stores one minute; the same one again changes nothing. */
export async function saveBandwidthMinute(on: Queryable, master: string, { at, minute }: StoredMinute): Promise<void> {
  await on.run(saveMinute, { master, at, minute });
}

/** A master's minutes that ended after `since`, oldest first. */
export async function listBandwidthMinutes(on: Queryable, master: string, since: string): Promise<StoredMinute[]> {
  const minutes: StoredMinute[] = [];
  for (;;) {
    const page = await on.run(listMinutes, { master, after: minutes.at(-1)?.at ?? since, limit: pageSize });
    minutes.push(...page);
    if (page.length < pageSize) return minutes;
  }
}
