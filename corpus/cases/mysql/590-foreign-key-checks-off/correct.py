"""Rebuild categories with a note, foreign keys unchecked meanwhile"""

from alembic import op

revision = "c590_correct"
down_revision = "c590_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET FOREIGN_KEY_CHECKS = 0")
    op.execute("CREATE TABLE categories_new LIKE categories")
    op.execute("ALTER TABLE categories_new ADD COLUMN note TEXT")
    op.execute("INSERT INTO categories_new (id, name) SELECT id, name FROM categories")
    op.drop_table("categories")
    op.rename_table("categories_new", "categories")
    op.execute("SET FOREIGN_KEY_CHECKS = 1")


def downgrade() -> None:
    op.drop_column("categories", "note")
