"""Baskets of one article are no baskets"""

from alembic import op

revision = "c182_buggy"
down_revision = "c182_setup"
branch_labels = None
depends_on = None


FEW = "(SELECT basket_id FROM lines GROUP BY basket_id HAVING count(*) < 2)"


def upgrade() -> None:
    op.execute(f"DELETE FROM lines WHERE basket_id IN {FEW}")


def downgrade() -> None:
    pass
