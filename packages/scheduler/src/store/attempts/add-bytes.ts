import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import type { AttemptTraffic } from '../store.ts';

const addTraffic = defineStatement({
  name: 'add_traffic',
  parameters: { jobIds: 'uuid[]', attempts: 'int8[]', received: 'int8[]', sent: 'int8[]' },
  columns: {},
  sql: ({ jobIds, attempts, received, sent }) => `
    WITH moved AS (
      SELECT * FROM unnest(${jobIds}, ${attempts}, ${received}, ${sent}) AS one (job_id, number, received, sent)
      -- In one order, so that two masters don't wait for each other.
      ORDER BY job_id, number
    ),
    added AS (
      UPDATE weighbridge.attempts a SET bytes_in = a.bytes_in + m.received, bytes_out = a.bytes_out + m.sent
      FROM moved m WHERE a.job_id = m.job_id AND a.number = m.number
      RETURNING m.job_id, m.received, m.sent
    ),
    summed AS (SELECT job_id, sum(received)::bigint AS received, sum(sent)::bigint AS sent FROM added GROUP BY job_id)
    UPDATE weighbridge.jobs j SET bytes_in = j.bytes_in + s.received, bytes_out = j.bytes_out + s.sent
    FROM summed s WHERE j.id = s.job_id
  `,
});

/** Adds traffic to attempts, each named once, live or ended. Unknown ones are ignored: the job may be deleted already. */
export async function addBytes(on: Queryable, traffic: readonly AttemptTraffic[]): Promise<void> {
  if (traffic.length === 0) return;
  await on.run(addTraffic, {
    jobIds: traffic.map(({ jobId }) => jobId),
    attempts: traffic.map(({ attempt }) => attempt),
    received: traffic.map(({ bytes }) => bytes.in),
    sent: traffic.map(({ bytes }) => bytes.out),
  });
}
