"""Lower-case e-mail addresses, keeping what was typed"""

import sqlalchemy as sa
from alembic import op

revision = "c547_correct"
down_revision = "c547_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("email_as_typed", sa.String(120)))
    op.execute(
        "UPDATE accounts SET email_as_typed = email WHERE binary email <> binary lower(email)"
    )
    op.execute("UPDATE accounts SET email = lower(email)")


def downgrade() -> None:
    op.execute("UPDATE accounts SET email = email_as_typed WHERE email_as_typed IS NOT NULL")
    op.drop_column("accounts", "email_as_typed")
