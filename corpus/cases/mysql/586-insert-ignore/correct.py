"""List the addresses that subscribe"""

import sqlalchemy as sa
from alembic import op

revision = "c586_correct"
down_revision = "c586_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "addresses",
        sa.Column("email", sa.String(120), primary_key=True),
    )
    op.execute("INSERT IGNORE INTO addresses (email) SELECT email FROM subscribers")


def downgrade() -> None:
    op.drop_table("addresses")
