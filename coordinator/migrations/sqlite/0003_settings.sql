-- Which file of the bundle holds the settings.
ALTER TABLE runs ADD COLUMN settings TEXT NOT NULL DEFAULT '';
