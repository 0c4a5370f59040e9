-- Jobs, their attempts, their logs and the blobs that they name; nodes; queues.
-- A state is a column. Each change of it is one statement below src/store; ARCHITECTURE.md draws them.

-- Grows only, up to a limit: rows are never deleted, so jobs need no foreign key to it, which would make every
-- submission lock its queue's one row.
CREATE TABLE weighbridge.queues (
  name text PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE weighbridge.nodes (
  name text PRIMARY KEY,
  session uuid NOT NULL,
  queues text[] NOT NULL,
  slots int NOT NULL,
  labels json NOT NULL,
  draining boolean NOT NULL DEFAULT false,
  registered_at timestamptz NOT NULL,
  heartbeat_at timestamptz NOT NULL,
  stopped_at timestamptz
) WITH (fillfactor = 50);

CREATE TABLE weighbridge.jobs (
  id uuid PRIMARY KEY,
  queue text NOT NULL,
  state text NOT NULL CHECK (state IN (
    'scheduled', 'blocked', 'queued', 'running', 'cancelling', 'succeeded', 'failed', 'timed_out', 'cancelled'
  )),
  priority int NOT NULL,
  slots int NOT NULL,
  created_at timestamptz NOT NULL,
  -- As the submitter named it; run_at is when it may be claimed, which a retry moves.
  start_after timestamptz,
  run_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  timeout_seconds int NOT NULL,
  lease_seconds int NOT NULL,
  attempt_count int NOT NULL DEFAULT 0,
  -- Attempts that used up a retry. Lost ones do unless they have a limit of their own.
  failure_count int NOT NULL DEFAULT 0,
  retry_limit int NOT NULL,
  retry_backoff_seconds int NOT NULL DEFAULT 0,
  lost_count int NOT NULL DEFAULT 0,
  lost_retry_limit int,
  -- Sums over the attempts.
  bytes_in bigint NOT NULL DEFAULT 0,
  bytes_out bigint NOT NULL DEFAULT 0,
  -- What jobs of the same submission call it in their dependsOn.
  key text,
  idempotency_key text,
  digest text,
  command text NOT NULL,
  args json NOT NULL,
  env json NOT NULL,
  inputs json NOT NULL,
  output_globs json NOT NULL,
  -- What the succeeded attempt sent back.
  outputs json,
  CONSTRAINT ended_in_an_ended_state
    CHECK ((ended_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'timed_out', 'cancelled'))),
  -- A submission that repeats a key with another body sets the digest to NULL, and so is refused as a whole.
  CONSTRAINT same_key_same_body CHECK (idempotency_key IS NULL OR digest IS NOT NULL)
);
CREATE UNIQUE INDEX jobs_idempotency ON weighbridge.jobs (queue, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- For claims.
CREATE INDEX jobs_ready ON weighbridge.jobs (queue, priority DESC, created_at, id) WHERE state = 'queued';
-- For the next deferred job.
CREATE INDEX jobs_due ON weighbridge.jobs (run_at) WHERE state = 'scheduled';
-- For counts and ages.
CREATE INDEX jobs_live ON weighbridge.jobs (queue, state, run_at) WHERE ended_at IS NULL;
-- For retention.
CREATE INDEX jobs_ended ON weighbridge.jobs (ended_at) WHERE ended_at IS NOT NULL;
-- One for each filter of the list, in its order.
CREATE INDEX jobs_newest ON weighbridge.jobs (created_at DESC, id DESC);
CREATE INDEX jobs_newest_of_queue ON weighbridge.jobs (queue, created_at DESC, id DESC);
CREATE INDEX jobs_newest_in_state ON weighbridge.jobs (state, created_at DESC, id DESC);
CREATE INDEX jobs_newest_of_queue_in_state ON weighbridge.jobs (queue, state, created_at DESC, id DESC);

-- Which jobs wait for which: a job is blocked until its parents have ended.
CREATE TABLE weighbridge.dependencies (
  parent_id uuid NOT NULL REFERENCES weighbridge.jobs ON DELETE CASCADE,
  job_id uuid NOT NULL REFERENCES weighbridge.jobs ON DELETE CASCADE,
  PRIMARY KEY (parent_id, job_id)
);
CREATE INDEX dependencies_of_job ON weighbridge.dependencies (job_id);

-- Nodes are forgotten sooner than jobs, so a node is a name here and no foreign key.
CREATE TABLE weighbridge.attempts (
  job_id uuid NOT NULL REFERENCES weighbridge.jobs ON DELETE CASCADE,
  number int NOT NULL,
  node text NOT NULL,
  session uuid NOT NULL,
  slots int NOT NULL,
  started_at timestamptz NOT NULL,
  lease_until timestamptz NOT NULL,
  -- When the master ends it, if its worker has not: past the job's timeout.
  overdue_at timestamptz NOT NULL,
  ended_at timestamptz,
  outcome text,
  exit_code bigint,
  signal text,
  reason text,
  bytes_in bigint NOT NULL DEFAULT 0,
  bytes_out bigint NOT NULL DEFAULT 0,
  -- Where each stream of the log stands, in bytes that came.
  stdout_bytes bigint NOT NULL DEFAULT 0,
  stderr_bytes bigint NOT NULL DEFAULT 0,
  system_bytes bigint NOT NULL DEFAULT 0,
  -- The job's whole log: a new attempt goes on from the one before.
  log_bytes bigint NOT NULL DEFAULT 0,
  log_sequence int NOT NULL DEFAULT 0,
  log_cut boolean NOT NULL DEFAULT false,
  PRIMARY KEY (job_id, number),
  CONSTRAINT ended_with_an_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL))
-- Heartbeats and log chunks update rows in place.
) WITH (fillfactor = 70);
CREATE INDEX attempts_open ON weighbridge.attempts (node) WHERE outcome IS NULL;

-- The last batch of traffic that each master has added: one that it sends again, because no answer came, adds nothing.
CREATE TABLE weighbridge.traffic_writers (
  id uuid PRIMARY KEY,
  batch bigint NOT NULL,
  written_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE weighbridge.log_chunks (
  job_id uuid NOT NULL REFERENCES weighbridge.jobs ON DELETE CASCADE,
  -- In the order of arrival over the whole job.
  sequence int NOT NULL,
  attempt int NOT NULL,
  stream text NOT NULL CHECK (stream IN ('stdout', 'stderr', 'system')),
  stream_offset bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (job_id, sequence)
);

CREATE TABLE weighbridge.blob_uses (
  job_id uuid NOT NULL REFERENCES weighbridge.jobs ON DELETE CASCADE,
  sha256 text NOT NULL,
  PRIMARY KEY (job_id, sha256)
);
CREATE INDEX blob_uses_of_blob ON weighbridge.blob_uses (sha256);
