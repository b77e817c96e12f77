"""Create owners and pets"""

import sqlalchemy as sa
from alembic import op

revision = "c166_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "owners",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
    )
    op.create_table(
        "pets",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column(
            "owner_id",
            sa.Integer(),
            sa.ForeignKey("owners.id", name="fk_pets_owner"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_table("pets")
    op.drop_table("owners")
