"""Create clients"""

from alembic import op

revision = "c768_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE clients (id NUMBER(10) NOT NULL PRIMARY KEY)")
    op.execute("CREATE SYNONYM customers FOR clients")


def downgrade() -> None:
    op.execute("DROP SYNONYM customers")
    op.execute("DROP TABLE clients")
