"""Create measurements, in partitions"""

from alembic import op

revision = "c568_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE measurements (id INTEGER NOT NULL, taken_on DATE NOT NULL, value INTEGER "
        "NOT NULL, PRIMARY KEY (id, taken_on)) PARTITION BY RANGE COLUMNS (taken_on) (PARTITION "
        "p_old VALUES LESS THAN ('2000-01-01'), PARTITION p_rest VALUES LESS THAN (MAXVALUE))"
    )


def downgrade() -> None:
    op.drop_table("measurements")
