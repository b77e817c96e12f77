"""Give the years to come a partition"""

from alembic import op

revision = "c569_buggy"
down_revision = "c569_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE measurements REORGANIZE PARTITION p_rest INTO (PARTITION p_new VALUES LESS "
        "THAN ('2040-01-01'), PARTITION p_rest VALUES LESS THAN (MAXVALUE))"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE measurements REORGANIZE PARTITION p_old, p_new, p_rest INTO (PARTITION p_old"
        " VALUES LESS THAN ('2010-01-01'), PARTITION p_rest VALUES LESS THAN (MAXVALUE))"
    )
