"""One tag for a word, whatever its case"""

from alembic import op

revision = "c548_buggy"
down_revision = "c548_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "DELETE later FROM tags AS later JOIN tags AS earlier ON lower(later.label) = "
        "lower(earlier.label) AND later.id > earlier.id"
    )


def downgrade() -> None:
    pass
