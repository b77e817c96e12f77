"""Set empty carts aside"""

import sqlalchemy as sa
from alembic import op

revision = "c113_correct"
down_revision = "c113_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carts_archive",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("items", sa.Integer(), nullable=False),
    )
    op.execute("INSERT INTO carts_archive (id, items) SELECT id, items FROM carts WHERE items = 0")
    op.execute("DELETE FROM carts WHERE items = 0")


def downgrade() -> None:
    op.execute("INSERT INTO carts (id, items) SELECT id, items FROM carts_archive")
    op.drop_table("carts_archive")
