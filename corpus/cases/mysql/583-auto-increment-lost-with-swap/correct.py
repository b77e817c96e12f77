"""Say which items have a name"""

from alembic import op

revision = "c583_correct"
down_revision = "c583_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE items_named (id INTEGER NOT NULL PRIMARY KEY) AS SELECT id FROM items WHERE"
        " name <> ''"
    )


def downgrade() -> None:
    op.drop_table("items_named")
