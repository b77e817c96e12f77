"""Make room for long notes on loans"""

import sqlalchemy as sa
from alembic import op

revision = "c307_correct"
down_revision = "c307_setup"
branch_labels = None
depends_on = None


def loans(note: sa.String) -> sa.Table:
    """The table in full: reflection does not see the actions of the foreign key."""
    return sa.Table(
        "loans",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("reader_id", sa.Integer()),
        sa.Column("note", note),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["readers.id"], ondelete="SET NULL", onupdate="CASCADE"
        ),
    )


def upgrade() -> None:
    with op.batch_alter_table("loans", copy_from=loans(sa.String(80))) as batch:
        batch.alter_column("note", type_=sa.String(400))


def downgrade() -> None:
    with op.batch_alter_table("loans", copy_from=loans(sa.String(400))) as batch:
        batch.alter_column("note", type_=sa.String(80))
