"""Tidy names of items too"""

from alembic import op

revision = "c227_correct"
down_revision = "c227_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION tidy_item() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "NEW.name := NEW.name || ''; RETURN NEW; END $$"
    )


def downgrade() -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION tidy_item() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.count IS NULL THEN NEW.count := 0; END IF; RETURN NEW; END $$"
    )
