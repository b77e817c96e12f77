"""Move hints on tokens aside"""

import sqlalchemy as sa
from alembic import op

revision = "c120_correct"
down_revision = "c120_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE token_hints (token_id integer PRIMARY KEY, hint varchar(80))")
    op.execute("INSERT INTO token_hints (token_id, hint) SELECT id, hint FROM tokens")
    op.drop_column("tokens", "hint")


def downgrade() -> None:
    op.add_column("tokens", sa.Column("hint", sa.String(80)))
    op.execute("UPDATE tokens SET hint = h.hint FROM token_hints h WHERE h.token_id = tokens.id")
    op.drop_table("token_hints")
