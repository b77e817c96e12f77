"""Say where a plate is from"""

import sqlalchemy as sa
from alembic import op

revision = "c316_buggy"
down_revision = "c316_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("plates", sa.Column("country", sa.String(2)))


def downgrade() -> None:
    op.execute(
        "CREATE TABLE plates_old (id INTEGER NOT NULL PRIMARY KEY, number VARCHAR(12) NOT NULL)"
    )
    op.execute("INSERT INTO plates_old (id, number) SELECT id, number FROM plates")
    op.drop_table("plates")
    op.rename_table("plates_old", "plates")
