"""Count changes of prices"""

from alembic import op

revision = "c315_correct"
down_revision = "c315_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TRIGGER prices_positive AFTER UPDATE OF cents ON prices BEGIN "
        "UPDATE prices SET changed = coalesce(changed, 0) + 1 WHERE id = NEW.id; END"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER prices_positive")
