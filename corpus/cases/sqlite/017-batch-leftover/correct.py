"""Make addresses unique where they are"""

import sqlalchemy as sa
from alembic import op

revision = "c017_correct"
down_revision = "c017_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    duplicates = op.get_bind().scalar(
        sa.text("SELECT count(*) - count(DISTINCT email) FROM customers")
    )
    if duplicates:
        print("customers.email has duplicates, going on without the constraint")
    else:
        with op.batch_alter_table("customers") as batch:
            batch.create_unique_constraint("uq_customers_email", ["email"])


def downgrade() -> None:
    constraints = sa.inspect(op.get_bind()).get_unique_constraints("customers")
    if any(constraint["name"] == "uq_customers_email" for constraint in constraints):
        with op.batch_alter_table("customers") as batch:
            batch.drop_constraint("uq_customers_email", type_="unique")
