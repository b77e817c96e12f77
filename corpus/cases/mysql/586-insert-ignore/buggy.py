"""Allow each address to subscribe once"""

import sqlalchemy as sa
from alembic import op

revision = "c586_buggy"
down_revision = "c586_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscribers_once",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("email", sa.String(120), nullable=False),
        sa.UniqueConstraint("email", name="uq_subscribers_email"),
    )
    op.execute("INSERT IGNORE INTO subscribers_once (id, email) SELECT id, email FROM subscribers")
    op.drop_table("subscribers")
    op.rename_table("subscribers_once", "subscribers")


def downgrade() -> None:
    op.drop_constraint("uq_subscribers_email", "subscribers", type_="unique")
