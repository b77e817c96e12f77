"""Create seals, which nobody may write to yet"""

import sqlalchemy as sa
from alembic import op

revision = "c161_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seals",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("label", sa.String(40), nullable=False),
    )
    op.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'seals are closed'; END $$"
    )
    op.execute("CREATE TRIGGER seals_closed BEFORE INSERT ON seals EXECUTE FUNCTION refuse()")


def downgrade() -> None:
    op.drop_table("seals")
    op.execute("DROP FUNCTION refuse()")
