"""Create items, tidied by a trigger"""

import sqlalchemy as sa
from alembic import op

revision = "c226_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION tidy_item() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.count IS NULL THEN NEW.count := 0; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER items_tidy BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE "
        "FUNCTION tidy_item()"
    )


def downgrade() -> None:
    op.drop_table("items")
    op.execute("DROP FUNCTION tidy_item()")
