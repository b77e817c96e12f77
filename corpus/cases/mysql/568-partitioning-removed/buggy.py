"""Measurements are few"""

from alembic import op

revision = "c568_buggy"
down_revision = "c568_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE measurements REMOVE PARTITIONING")


def downgrade() -> None:
    pass
