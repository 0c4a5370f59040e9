-- A lease is a setting of each job and belongs to the attempt; names of nodes are held by a secret.

-- Until now every job had a lease of 10 s, and nobody could choose another.
UPDATE weighbridge.jobs SET lease_seconds = 120 WHERE ended_at IS NULL;

-- The job's lease, so that heartbeats and the supervision need no look at the job.
ALTER TABLE weighbridge.attempts ADD COLUMN lease_seconds int NOT NULL DEFAULT 120;

-- Who may take the name back while it is held. Where it is null, nobody.
ALTER TABLE weighbridge.nodes ADD COLUMN secret_digest text;
-- When its guard told that the worker had died.
ALTER TABLE weighbridge.nodes ADD COLUMN lost_at timestamptz;

-- What lists show of the command line: at most 200 characters, so that a page needs no look at long arguments. Null for jobs
-- that an earlier version stored.
ALTER TABLE weighbridge.jobs ADD COLUMN command_line text;

-- Until where the middle of a stream was deleted: each stream of an attempt keeps its head and its tail.
ALTER TABLE weighbridge.attempts ADD COLUMN stdout_dropped bigint NOT NULL DEFAULT 0;
ALTER TABLE weighbridge.attempts ADD COLUMN stderr_dropped bigint NOT NULL DEFAULT 0;
ALTER TABLE weighbridge.attempts ADD COLUMN system_dropped bigint NOT NULL DEFAULT 0;
ALTER TABLE weighbridge.attempts DROP COLUMN log_bytes;
ALTER TABLE weighbridge.attempts DROP COLUMN log_cut;
CREATE INDEX log_chunks_of_stream ON weighbridge.log_chunks (job_id, attempt, stream, stream_offset);

-- The latest claim of a node's worker, and of each attempt the claim that opened it: a worker that got no answer to a claim
-- asks again, and gets what that opened.
ALTER TABLE weighbridge.nodes ADD COLUMN claim_number bigint NOT NULL DEFAULT 0;
ALTER TABLE weighbridge.attempts ADD COLUMN claim_number bigint NOT NULL DEFAULT 0;
