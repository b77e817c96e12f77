"""All articles are in one language"""

import sqlalchemy as sa
from alembic import op

revision = "c545_buggy"
down_revision = "c545_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("articles", sa.Column("code", sa.String(5)))
    op.execute("UPDATE articles SET code = lang")
    op.drop_column("articles", "lang")


def downgrade() -> None:
    op.add_column("articles", sa.Column("lang", sa.String(5)))
    op.execute("UPDATE articles SET lang = code")
    op.drop_column("articles", "code")
