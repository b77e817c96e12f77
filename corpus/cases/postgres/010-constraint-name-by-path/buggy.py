"""Name the unique constraint of users"""

from alembic import op

revision = "c010_buggy"
down_revision = "c010_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("users_email_key", "users", type_="unique")
    op.create_unique_constraint("uq_users_email", "users", ["email"])


def downgrade() -> None:
    op.drop_constraint("uq_users_email", "users", type_="unique")
    op.create_unique_constraint("users_email_unique", "users", ["email"])
