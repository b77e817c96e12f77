"""Create pages that know when they were updated"""

import sqlalchemy as sa
from alembic import op

revision = "c156_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pages",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
    )
    op.execute(
        "CREATE FUNCTION touch_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "NEW.updated_at := clock_timestamp(); RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER pages_touch BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION "
        "touch_row()"
    )


def downgrade() -> None:
    op.drop_table("pages")
    op.execute("DROP FUNCTION touch_row()")
