-- What each master's API moved by the minute over the last day, so that its page shows the time before a restart.
CREATE TABLE weighbridge.bandwidth_minutes (
  -- Several masters may share a store.
  master uuid NOT NULL,
  -- When the minute ended.
  at timestamptz NOT NULL,
  minute json NOT NULL,
  PRIMARY KEY (master, at)
);
CREATE INDEX bandwidth_minutes_by_age ON weighbridge.bandwidth_minutes (at);
