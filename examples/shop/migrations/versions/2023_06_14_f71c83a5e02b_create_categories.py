"""create product categories

Revision ID: f71c83a5e02b
Revises: c6a12f4e8d93
Create Date: 2023-06-14 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "f71c83a5e02b"
down_revision = "c6a12f4e8d93"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "categories",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent_id", sa.Integer),
        sa.Column("name", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name="fk_categories_parent_id"),
        sa.UniqueConstraint("parent_id", "name", name="uq_categories_parent_id_name"),
    )
    op.create_table(
        "product_categories",
        sa.Column("product_id", sa.Integer, nullable=False),
        sa.Column("category_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("product_id", "category_id", name="pk_product_categories"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name="fk_product_categories_product_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name="fk_product_categories_category_id", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("product_categories")
    op.drop_table("categories")
