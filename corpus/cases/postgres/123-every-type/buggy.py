"""Drop addresses from specimens"""

from alembic import op

revision = "c123_buggy"
down_revision = "c123_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("specimens", "c_inet")
    op.drop_column("specimens", "c_composite")


def downgrade() -> None:
    op.execute("ALTER TABLE specimens ADD COLUMN c_inet inet, ADD COLUMN c_composite address")
