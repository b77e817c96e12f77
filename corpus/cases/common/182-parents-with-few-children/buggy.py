"""Baskets of one article are no baskets"""

from alembic import op

revision = "c182_buggy"
down_revision = "c182_setup"
branch_labels = None
depends_on = None


FEW = (
    "(SELECT basket_id FROM "
    "(SELECT basket_id FROM basket_lines GROUP BY basket_id HAVING count(*) < 2) AS few)"
)


def upgrade() -> None:
    op.execute(f"DELETE FROM basket_lines WHERE basket_id IN {FEW}")


def downgrade() -> None:
    pass
