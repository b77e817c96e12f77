"""ship within one country only

Revision ID: 3e48b6d1a07c
Revises: a92f7c04d6e8
Create Date: 2023-08-21 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "3e48b6d1a07c"
down_revision = "a92f7c04d6e8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Kept aside until we know that we will not ship abroad again.
    op.create_table(
        "addresses_country_backup",
        sa.Column("address_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("country", sa.String(60), nullable=False),
    )
    op.execute(
        """
        INSERT INTO addresses_country_backup (address_id, country)
        SELECT id, country FROM addresses WHERE country IS NOT NULL
        """
    )
    op.drop_column("addresses", "country")


def downgrade() -> None:
    op.add_column("addresses", sa.Column("country", sa.String(60)))
    op.execute(
        """
        UPDATE addresses SET country = (
            SELECT country FROM addresses_country_backup WHERE address_id = addresses.id
        )
        """
    )
    op.drop_table("addresses_country_backup")
