"""Create letters"""

from alembic import op

revision = "c596_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE letters (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, plain VARCHAR(40) "
        "CHARACTER SET ascii NOT NULL, western VARCHAR(40) CHARACTER SET latin1 COLLATE "
        "latin1_german2_ci, older VARCHAR(40) CHARACTER SET utf8mb3 COLLATE utf8mb3_unicode_ci, "
        "exact VARCHAR(40) COLLATE utf8mb4_bin NOT NULL DEFAULT '') ENGINE=InnoDB DEFAULT "
        "CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='Kept as they were sent'"
    )


def downgrade() -> None:
    op.drop_table("letters")
