"""Create plates"""

from alembic import op

revision = "c316_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE plates (id INTEGER NOT NULL PRIMARY KEY, number VARCHAR(12) NOT NULL UNIQUE)"
    )


def downgrade() -> None:
    op.drop_table("plates")
