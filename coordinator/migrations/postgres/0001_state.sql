-- One row. Whoever writes takes it first, so writers come one after the other.
CREATE TABLE state (
    id BIGINT PRIMARY KEY,
    change BIGINT NOT NULL,      -- rises with each transaction
    next_run BIGINT NOT NULL,
    next_column BIGINT NOT NULL
);
INSERT INTO state (id, change, next_run, next_column) VALUES (1, 0, 1, 1);

CREATE TABLE runs (
    id BIGINT PRIMARY KEY,
    submission TEXT NOT NULL UNIQUE,
    submitted_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    cancelled BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    patience_ms BIGINT NOT NULL,
    seed_all BIGINT NOT NULL,
    today TEXT NOT NULL,
    timeout_ms BIGINT NOT NULL,
    labels TEXT NOT NULL,
    cells BIGINT NOT NULL,
    done BIGINT NOT NULL,
    next_event BIGINT NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX runs_changed ON runs (changed);

-- A suite's chain on one target.
CREATE TABLE chains (
    id BIGINT PRIMARY KEY,
    run BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,       -- in the run's order
    bundle TEXT NOT NULL,
    suite TEXT NOT NULL,
    target TEXT NOT NULL,
    engine TEXT NOT NULL,
    containers BIGINT NOT NULL,
    start_ms BIGINT NOT NULL,
    replay_ms BIGINT NOT NULL,
    next_shard BIGINT NOT NULL,
    unserved_ms BIGINT,          -- since when nobody serves it
    failure TEXT NOT NULL,
    changed BIGINT NOT NULL,
    UNIQUE (run, place)
);
CREATE INDEX chains_changed ON chains (changed);
CREATE INDEX chains_bundle ON chains (bundle);

CREATE TABLE cells (
    chain BIGINT NOT NULL REFERENCES chains (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    revision TEXT NOT NULL,
    title TEXT NOT NULL,
    parents TEXT NOT NULL,
    work_ms BIGINT NOT NULL,
    asked BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    shard BIGINT,                -- while it is open
    by_shard BIGINT,             -- whose word its result is
    by_epoch BIGINT,
    PRIMARY KEY (chain, position)
);

-- Cells as the JSON report shows them.
CREATE TABLE results (
    chain BIGINT NOT NULL REFERENCES chains (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    cell BYTEA NOT NULL,
    PRIMARY KEY (chain, position)
);

CREATE TABLE shards (
    chain BIGINT NOT NULL REFERENCES chains (id) ON DELETE CASCADE,
    shard BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    worker BIGINT,
    until_ms BIGINT,
    at TEXT NOT NULL,
    lost BIGINT NOT NULL,
    avoid BIGINT,
    behind TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (chain, shard)
);
CREATE INDEX shards_changed ON shards (changed);

CREATE TABLE workers (
    id BIGINT PRIMARY KEY,
    host TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL,
    seen_ms BIGINT NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX workers_changed ON workers (changed);

CREATE TABLE events (
    run BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    chain BIGINT,                -- of a cell that has its result
    position BIGINT,
    event BYTEA,                 -- any other
    PRIMARY KEY (run, number)
);

-- How long cells took, for the plan.
CREATE TABLE durations (
    suite TEXT NOT NULL,
    target TEXT NOT NULL,
    revision TEXT NOT NULL,
    work_ms BIGINT NOT NULL,
    PRIMARY KEY (suite, target, revision)
);

CREATE TABLE bundles (
    digest TEXT PRIMARY KEY,
    upload TEXT NOT NULL UNIQUE,
    size BIGINT NOT NULL,
    used_ms BIGINT NOT NULL
);

-- Parts of bundles, and of those that are still on their way.
CREATE TABLE parts (
    upload TEXT NOT NULL,
    part BIGINT NOT NULL,
    stored_ms BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (upload, part)
);
