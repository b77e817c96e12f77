"""store e-mail addresses in lower case

Revision ID: b84e2c6d07a1
Revises: 62d8a4f3b15e
Create Date: 2023-03-14 09:12:44
"""

from alembic import op

revision = "b84e2c6d07a1"
down_revision = "62d8a4f3b15e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Customers could not log in when they typed their address in another case.
    op.execute("UPDATE customers SET email = lower(email)")


def downgrade() -> None:
    pass
