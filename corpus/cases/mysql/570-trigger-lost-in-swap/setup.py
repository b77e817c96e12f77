"""Create customers, and log each new one"""

import sqlalchemy as sa
from alembic import op

revision = "c570_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.create_table(
        "customer_log",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("customer_id", sa.Integer(), nullable=False),
    )
    op.execute(
        "CREATE TRIGGER customers_log AFTER INSERT ON customers FOR EACH ROW INSERT INTO "
        "customer_log (customer_id) VALUES (NEW.id)"
    )


def downgrade() -> None:
    op.drop_table("customers")
    op.drop_table("customer_log")
