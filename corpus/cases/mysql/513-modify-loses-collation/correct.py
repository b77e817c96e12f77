"""Make room for long codes"""

from alembic import op

revision = "c513_correct"
down_revision = "c513_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE vouchers MODIFY code VARCHAR(40) COLLATE utf8mb4_bin NOT NULL")


def downgrade() -> None:
    op.execute("UPDATE vouchers SET code = left(code, 20)")
    op.execute("ALTER TABLE vouchers MODIFY code VARCHAR(20) COLLATE utf8mb4_bin NOT NULL")
