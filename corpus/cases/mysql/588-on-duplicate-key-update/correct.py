"""Remember which users have no settings"""

import sqlalchemy as sa
from alembic import op

revision = "c588_correct"
down_revision = "c588_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unset",
        sa.Column("user_id", sa.Integer(), primary_key=True, autoincrement=False),
    )
    op.execute(
        "INSERT INTO unset (user_id) SELECT id FROM users WHERE id NOT IN (SELECT user_id FROM "
        "settings)"
    )


def downgrade() -> None:
    op.drop_table("unset")
