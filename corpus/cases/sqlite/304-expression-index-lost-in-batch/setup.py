"""Create films"""

import sqlalchemy as sa
from alembic import op

revision = "c304_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "films",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(80), nullable=False),
    )
    op.create_index("ix_films_title", "films", [sa.text("lower(title)")])


def downgrade() -> None:
    op.drop_index("ix_films_title", table_name="films")
    op.drop_table("films")
