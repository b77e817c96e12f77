"""Name the check of stock after the convention"""

from alembic import op

revision = "c311_correct"
down_revision = "c311_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("stock") as batch:
        batch.drop_constraint("ck_stock_count", type_="check")
        batch.create_check_constraint("stock_count_check", "count >= 0")


def downgrade() -> None:
    with op.batch_alter_table("stock") as batch:
        batch.drop_constraint("stock_count_check", type_="check")
        batch.create_check_constraint("ck_stock_count", "count >= 0")
