"""Stop tidying items"""

from alembic import op

revision = "c224_buggy"
down_revision = "c224_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TRIGGER items_tidy ON items")


def downgrade() -> None:
    pass
