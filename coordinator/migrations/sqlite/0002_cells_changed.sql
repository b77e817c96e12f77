-- So that who reads along reads the cells that have changed, and not their whole chains.
ALTER TABLE cells ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX cells_changed ON cells (changed);
