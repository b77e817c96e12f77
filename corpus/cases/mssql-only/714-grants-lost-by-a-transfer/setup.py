"""Create events"""

import sqlalchemy as sa
from alembic import op

revision = "c714_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE ROLE c714_reader")
    op.execute("CREATE SCHEMA archive")
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("what", sa.Unicode(50), nullable=False),
    )
    op.execute("GRANT SELECT ON events TO c714_reader")


def downgrade() -> None:
    op.drop_table("events")
    op.execute("DROP SCHEMA archive")
    op.execute("DROP ROLE c714_reader")
