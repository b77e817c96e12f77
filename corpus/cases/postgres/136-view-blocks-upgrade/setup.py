"""Create sensors and a view of the high values"""

import sqlalchemy as sa
from alembic import op

revision = "c136_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sensors",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("value", sa.Integer(), nullable=False),
    )
    op.execute("CREATE VIEW high_values AS SELECT id, value FROM sensors WHERE value > 1000")


def downgrade() -> None:
    op.execute("DROP VIEW high_values")
    op.drop_table("sensors")
