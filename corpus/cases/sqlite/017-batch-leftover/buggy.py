"""Make addresses unique where they are"""

import sqlalchemy as sa
from alembic import op

revision = "c017_buggy"
down_revision = "c017_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What a batch does, taken from `alembic upgrade --sql`, but without its clean-up.
    try:
        op.execute(
            "CREATE TABLE _alembic_tmp_customers ("
            "id INTEGER NOT NULL, "
            "email VARCHAR(120) NOT NULL, "
            "PRIMARY KEY (id), "
            "CONSTRAINT uq_customers_email UNIQUE (email))"
        )
        op.execute("INSERT INTO _alembic_tmp_customers (id, email) SELECT id, email FROM customers")
        op.execute("DROP TABLE customers")
        op.execute("ALTER TABLE _alembic_tmp_customers RENAME TO customers")
    except sa.exc.IntegrityError:
        print("customers.email has duplicates, going on without the constraint")


def downgrade() -> None:
    constraints = sa.inspect(op.get_bind()).get_unique_constraints("customers")
    if any(constraint["name"] == "uq_customers_email" for constraint in constraints):
        with op.batch_alter_table("customers") as batch:
            batch.drop_constraint("uq_customers_email", type_="unique")
