"""Make room for long notes on badges"""

import sqlalchemy as sa
from alembic import op

revision = "c306_correct"
down_revision = "c306_setup"
branch_labels = None
depends_on = None


def badges(note: sa.String) -> sa.Table:
    """The table in full: reflection does not see ON CONFLICT."""
    return sa.Table(
        "badges",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("note", note),
        sa.UniqueConstraint("code", name="uq_badges_code", sqlite_on_conflict="FAIL"),
    )


def upgrade() -> None:
    with op.batch_alter_table("badges", copy_from=badges(sa.String(80))) as batch:
        batch.alter_column("note", type_=sa.String(400))


def downgrade() -> None:
    with op.batch_alter_table("badges", copy_from=badges(sa.String(400))) as batch:
        batch.alter_column("note", type_=sa.String(80))
