"""Check names of items at once"""

from alembic import op

revision = "c209_correct"
down_revision = "c209_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("uq_items_name", "items", type_="unique")
    op.create_unique_constraint("uq_items_name", "items", ["name"], deferrable=True)


def downgrade() -> None:
    op.drop_constraint("uq_items_name", "items", type_="unique")
    op.create_unique_constraint(
        "uq_items_name", "items", ["name"], deferrable=True, initially="DEFERRED"
    )
