"""Allow moods of one's own"""

from alembic import op

revision = "c005_correct"
down_revision = "c005_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE diary ALTER COLUMN mood TYPE varchar(20) USING mood::text")
    op.execute("DROP TYPE mood")


def downgrade() -> None:
    op.execute("CREATE TYPE mood AS ENUM ('calm', 'glad', 'sad')")
    op.execute(
        "ALTER TABLE diary ALTER COLUMN mood TYPE mood USING CASE WHEN mood IN ('calm', "
        "'glad', 'sad') THEN mood::mood ELSE 'calm'::mood END"
    )
