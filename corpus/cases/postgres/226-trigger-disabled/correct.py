"""Stop tidying items for now"""

from alembic import op

revision = "c226_correct"
down_revision = "c226_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE items DISABLE TRIGGER items_tidy")


def downgrade() -> None:
    op.execute("ALTER TABLE items ENABLE TRIGGER items_tidy")
