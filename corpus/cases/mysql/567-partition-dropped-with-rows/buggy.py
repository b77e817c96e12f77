"""Give the years to come a partition"""

from alembic import op

revision = "c567_buggy"
down_revision = "c567_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE measurements DROP PARTITION p_rest")
    op.execute(
        "ALTER TABLE measurements ADD PARTITION (PARTITION p_new VALUES LESS THAN ('2040-01-01'),"
        " PARTITION p_rest VALUES LESS THAN (MAXVALUE))"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE measurements REORGANIZE PARTITION p_new, p_rest INTO (PARTITION p_rest "
        "VALUES LESS THAN (MAXVALUE))"
    )
