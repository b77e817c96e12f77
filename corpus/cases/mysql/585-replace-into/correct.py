"""Keep names in capitals too"""

import sqlalchemy as sa
from alembic import op

revision = "c585_correct"
down_revision = "c585_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("capitals", sa.String(80)))
    op.execute(
        "INSERT INTO users (id, name, phone) SELECT id, name, phone FROM users AS old ON "
        "DUPLICATE KEY UPDATE capitals = left(upper(old.name), 80)"
    )


def downgrade() -> None:
    op.drop_column("users", "capitals")
