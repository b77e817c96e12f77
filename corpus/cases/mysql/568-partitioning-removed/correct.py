"""Measurements are few"""

from alembic import op

revision = "c568_correct"
down_revision = "c568_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE measurements REMOVE PARTITIONING")


def downgrade() -> None:
    op.execute(
        "ALTER TABLE measurements PARTITION BY RANGE COLUMNS (taken_on) (PARTITION p_old VALUES "
        "LESS THAN ('2000-01-01'), PARTITION p_rest VALUES LESS THAN (MAXVALUE))"
    )
