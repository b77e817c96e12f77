"""Allow moods of one's own"""

from alembic import op

revision = "c005_buggy"
down_revision = "c005_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE diary ALTER COLUMN mood TYPE varchar(20) USING mood::text")
    op.execute("DROP TYPE mood")


def downgrade() -> None:
    pass
