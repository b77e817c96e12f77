"""Create people"""

import sqlalchemy as sa
from alembic import op

revision = "c718_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Unicode(50), nullable=False),
    )
    op.execute("CREATE VIEW people_view AS SELECT * FROM people")


def downgrade() -> None:
    op.execute("DROP VIEW people_view")
    op.drop_table("people")
