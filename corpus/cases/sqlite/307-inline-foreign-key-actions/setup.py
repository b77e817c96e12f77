"""Create readers and loans"""

import sqlalchemy as sa
from alembic import op

revision = "c307_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "readers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.execute(
        "CREATE TABLE loans ("
        "id INTEGER NOT NULL PRIMARY KEY, "
        "reader_id INTEGER REFERENCES readers (id) ON DELETE SET NULL ON UPDATE CASCADE, "
        "note VARCHAR(80))"
    )


def downgrade() -> None:
    op.drop_table("loans")
    op.drop_table("readers")
