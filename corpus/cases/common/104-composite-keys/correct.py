"""Move notes on order lines into their own table"""

import sqlalchemy as sa
from alembic import op

revision = "c104_correct"
down_revision = "c104_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_line_notes",
        sa.Column("customer", sa.String(20), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("line", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("note", sa.String(200), nullable=False),
    )
    op.execute(
        "INSERT INTO order_line_notes (customer, number, line, note) "
        "SELECT customer, number, line, note FROM order_lines WHERE note IS NOT NULL"
    )
    op.drop_column("order_lines", "note")


def downgrade() -> None:
    op.add_column("order_lines", sa.Column("note", sa.String(200)))
    op.execute(
        "UPDATE order_lines SET note = (SELECT n.note FROM order_line_notes n "
        "WHERE n.customer = order_lines.customer AND n.number = order_lines.number "
        "AND n.line = order_lines.line)"
    )
    op.drop_table("order_line_notes")
