"""Create parcels, whose status only Python checks"""

import sqlalchemy as sa
from alembic import op

revision = "c162_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parcels",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "status",
            sa.Enum("new", "sent", "lost", name="parcel_status", native_enum=False),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_table("parcels")
