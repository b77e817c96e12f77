"""Stop tidying items"""

from alembic import op

revision = "c225_correct"
down_revision = "c225_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TRIGGER items_tidy ON items")


def downgrade() -> None:
    op.execute(
        "CREATE TRIGGER items_tidy BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE "
        "FUNCTION tidy_item()"
    )
