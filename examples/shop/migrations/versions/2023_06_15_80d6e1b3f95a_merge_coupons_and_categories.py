"""merge coupons and categories

Revision ID: 80d6e1b3f95a
Revises: 2ab94d0f7ce6, f71c83a5e02b
Create Date: 2023-06-15 09:12:44
"""

revision = "80d6e1b3f95a"
down_revision = ("2ab94d0f7ce6", "f71c83a5e02b")
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
