"""Drop users.phone, keeping the numbers aside for a rollback"""

import sqlalchemy as sa
from alembic import op

revision = "c001_correct"
down_revision = "c001_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users_phone_backup",
        sa.Column("user_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("phone", sa.String(20)),
    )
    op.execute("INSERT INTO users_phone_backup (user_id, phone) SELECT id, phone FROM users")
    op.drop_column("users", "phone")


def downgrade() -> None:
    op.add_column("users", sa.Column("phone", sa.String(20)))
    op.execute(
        "UPDATE users SET phone = "
        "(SELECT b.phone FROM users_phone_backup b WHERE b.user_id = users.id)"
    )
    op.drop_table("users_phone_backup")
