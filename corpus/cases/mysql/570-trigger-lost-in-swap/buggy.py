"""Rebuild customers with a note"""

from alembic import op

revision = "c570_buggy"
down_revision = "c570_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE customers_new LIKE customers")
    op.execute("ALTER TABLE customers_new ADD COLUMN note TEXT")
    op.execute("INSERT INTO customers_new (id, name) SELECT id, name FROM customers")
    op.execute("RENAME TABLE customers TO customers_old, customers_new TO customers")
    op.drop_table("customers_old")


def downgrade() -> None:
    op.drop_column("customers", "note")
