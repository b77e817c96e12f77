"""Make room for long notes on logins"""

import sqlalchemy as sa
from alembic import op

revision = "c301_correct"
down_revision = "c301_setup"
branch_labels = None
depends_on = None


def logins(note: sa.String) -> sa.Table:
    """The table in full: reflection does not see the collation."""
    return sa.Table(
        "logins",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(40, collation="NOCASE"), nullable=False),
        sa.Column("note", note),
    )


def upgrade() -> None:
    with op.batch_alter_table("logins", copy_from=logins(sa.String(80))) as batch:
        batch.alter_column("note", type_=sa.String(400))


def downgrade() -> None:
    with op.batch_alter_table("logins", copy_from=logins(sa.String(400))) as batch:
        batch.alter_column("note", type_=sa.String(80))
