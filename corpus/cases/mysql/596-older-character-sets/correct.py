"""Make room for long letters"""

from alembic import op

revision = "c596_correct"
down_revision = "c596_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE letters MODIFY western VARCHAR(80) CHARACTER SET latin1 COLLATE "
        "latin1_german2_ci, MODIFY exact VARCHAR(80) COLLATE utf8mb4_bin NOT NULL DEFAULT ''"
    )


def downgrade() -> None:
    op.execute("UPDATE letters SET western = left(western, 40), exact = left(exact, 40)")
    op.execute(
        "ALTER TABLE letters MODIFY western VARCHAR(40) CHARACTER SET latin1 COLLATE "
        "latin1_german2_ci, MODIFY exact VARCHAR(40) COLLATE utf8mb4_bin NOT NULL DEFAULT ''"
    )
