-- Cells of earlier runs are asked for by revision.
CREATE INDEX cells_revision ON cells (chain, revision);
