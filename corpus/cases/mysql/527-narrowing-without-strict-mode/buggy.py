"""Keep titles short"""

import sqlalchemy as sa
from alembic import op

revision = "c527_buggy"
down_revision = "c527_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET SESSION sql_mode = ''")
    op.alter_column(
        "notes",
        "title",
        existing_type=sa.String(200),
        type_=sa.String(50),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "notes",
        "title",
        existing_type=sa.String(50),
        type_=sa.String(200),
        existing_nullable=False,
    )
