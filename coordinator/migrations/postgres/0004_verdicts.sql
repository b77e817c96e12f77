-- So that a matrix is shown without a look into its cells.
ALTER TABLE results ADD COLUMN verdict TEXT;
-- Not as JSON: texts of a cell may hold what PostgreSQL's does not take. A quote inside of a text has a backslash before it.
UPDATE results SET verdict = substring(convert_from(cell, 'UTF8') FROM '"verdict":"([a-z]+)"');
-- Has all that a matrix shows, and what is counted: the cells themselves are not read for that.
CREATE INDEX results_verdict ON results (chain, position, verdict);
