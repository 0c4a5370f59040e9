import pg from 'pg';

export const endedJobs = 1_000_000;
const queues = 20;
/** As by years of work: most succeeded, few failed, one queue in twenty is rare. */
const fill = `
  INSERT INTO weighbridge.jobs (
    id, queue, state, priority, slots, created_at, run_at, started_at, ended_at, timeout_seconds, lease_seconds,
    attempt_count, retry_limit, command, args, env, inputs, output_globs
  )
  SELECT gen_random_uuid(), 'queue-' || n % ${queues},
    CASE WHEN n % 1000 = 0 THEN 'timed_out' WHEN n % 50 = 1 THEN 'failed' ELSE 'succeeded' END,
    0, 1, now() - n * interval '2 seconds', now() - n * interval '2 seconds', now() - n * interval '2 seconds',
    now() - n * interval '1 second', 3600, 10, 1, 0, 'gzip', '["-v","input.bin"]', '{}', '[]', '["*.gz"]'
  FROM generate_series(1, $1) n
`;
const fillAttempts = `
  INSERT INTO weighbridge.attempts
    (job_id, number, node, session, slots, started_at, lease_until, overdue_at, ended_at, outcome, exit_code)
  SELECT id, 1, 'node', gen_random_uuid(), 1, started_at, started_at, started_at, ended_at, state, 0
  FROM weighbridge.jobs
`;

/** Fills a store's database with jobs that have ended, past the product: through the API it would take hours. */
export async function fillEndedJobs(url: string, count = endedJobs): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    // What is filled in here is not what is measured: no log of it is needed.
    await client.query('SET synchronous_commit = off');
    await client.query('SET session_replication_role = replica');
    await client.query(`INSERT INTO weighbridge.queues SELECT 'queue-' || n FROM generate_series(0, ${queues - 1}) n`);
    await client.query(fill, [count]);
    await client.query(fillAttempts);
    await client.query('VACUUM ANALYZE weighbridge.jobs, weighbridge.attempts');
  } finally {
    await client.end();
  }
}
