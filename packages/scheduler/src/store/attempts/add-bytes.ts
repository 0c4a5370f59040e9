import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import type { TrafficBatch } from '../store.ts';

const addTraffic = defineStatement({
  name: 'add_traffic',
  parameters: {
    writer: 'uuid',
    batch: 'int8',
    jobIds: 'uuid[]',
    attempts: 'int8[]',
    received: 'int8[]',
    sent: 'int8[]',
  },
  columns: {},
  sql: ({ writer, batch, jobIds, attempts, received, sent }) => `
    WITH turn AS (
      INSERT INTO weighbridge.traffic_writers AS w (id, batch, written_at) VALUES (${writer}, ${batch}, now())
      ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, written_at = now() WHERE w.batch < excluded.batch
      RETURNING w.id
    ),
    moved AS (
      SELECT one.* FROM turn, unnest(${jobIds}, ${attempts}, ${received}, ${sent}) AS one (job_id, number, received, sent)
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

/** Adds a batch of traffic to its attempts, once. Unknown attempts are ignored: the job may be deleted already. */
export async function addBytes(on: Queryable, { writer, batch, traffic }: TrafficBatch): Promise<void> {
  await on.run(addTraffic, {
    writer,
    batch,
    jobIds: traffic.map(({ jobId }) => jobId),
    attempts: traffic.map(({ attempt }) => attempt),
    received: traffic.map(({ bytes }) => bytes.in),
    sent: traffic.map(({ bytes }) => bytes.out),
  });
}
