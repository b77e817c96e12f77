"""Allow stock that is owed"""

from alembic import op

revision = "c312_correct"
down_revision = "c312_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("stock") as batch:
        batch.drop_constraint("ck_stock_count", type_="check")
        batch.create_check_constraint("ck_stock_count", "count >= -100")


def downgrade() -> None:
    op.execute("UPDATE stock SET count = 0 WHERE count < 0")
    with op.batch_alter_table("stock") as batch:
        batch.drop_constraint("ck_stock_count", type_="check")
        batch.create_check_constraint("ck_stock_count", "count >= 0")
