"""A code can be missing"""

from alembic import op

revision = "c708_buggy"
down_revision = "c708_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE codes ALTER COLUMN code nvarchar(20) COLLATE Latin1_General_BIN2 NULL")


def downgrade() -> None:
    op.execute("UPDATE codes SET code = N'' WHERE code IS NULL")
    op.execute("ALTER TABLE codes ALTER COLUMN code nvarchar(20) NOT NULL")
