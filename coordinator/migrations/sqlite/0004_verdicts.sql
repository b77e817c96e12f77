-- So that a matrix is shown without a look into its cells.
ALTER TABLE results ADD COLUMN verdict TEXT;
UPDATE results SET verdict = json_extract(CAST(cell AS TEXT), '$.verdict');
-- Has all that a matrix shows, and what is counted: the cells themselves are not read for that.
CREATE INDEX results_verdict ON results (chain, position, verdict);
