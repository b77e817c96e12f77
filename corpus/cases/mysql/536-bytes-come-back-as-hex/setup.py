"""Create keys"""

import sqlalchemy as sa
from alembic import op

revision = "c536_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("secret", sa.LargeBinary()),
    )


def downgrade() -> None:
    op.drop_table("api_keys")
