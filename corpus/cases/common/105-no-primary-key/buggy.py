"""Store each view once"""

from alembic import op

revision = "c105_buggy"
down_revision = "c105_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE page_views_once AS SELECT DISTINCT path, viewed_on FROM page_views")
    op.execute("DELETE FROM page_views")
    op.execute(
        "INSERT INTO page_views (path, viewed_on) SELECT path, viewed_on FROM page_views_once"
    )
    op.drop_table("page_views_once")


def downgrade() -> None:
    pass
