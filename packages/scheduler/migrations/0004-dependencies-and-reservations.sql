-- Jobs wait for others of their submission, are cancelled and tried again; wide jobs are not passed for ever by small ones.

-- Why a job ended where no attempt says it.
ALTER TABLE weighbridge.jobs ADD COLUMN reason text;
-- The job whose end cancelled this one. When that is retried, this one waits for it again.
ALTER TABLE weighbridge.jobs ADD COLUMN cancelled_by uuid;

-- Globs that may match nothing; one of output_globs must match a file.
ALTER TABLE weighbridge.jobs ADD COLUMN optional_output_globs json NOT NULL DEFAULT '[]';
-- Until now a glob that matched nothing was only noted in the log.
UPDATE weighbridge.jobs SET optional_output_globs = output_globs, output_globs = '[]' WHERE ended_at IS NULL;

-- For the jobs that may have to wait for several free slots of one node.
CREATE INDEX jobs_ready_wide ON weighbridge.jobs (queue, priority DESC, created_at, id) WHERE state = 'queued' AND slots > 1;
-- For the jobs that wait for others.
CREATE INDEX jobs_blocked ON weighbridge.jobs (id) WHERE state = 'blocked';
