"""Write names in any script"""

from alembic import op

revision = "c566_buggy"
down_revision = "c566_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE people MODIFY name VARCHAR(80) CHARACTER SET utf8mb4 NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE people MODIFY name VARCHAR(80) NOT NULL")
