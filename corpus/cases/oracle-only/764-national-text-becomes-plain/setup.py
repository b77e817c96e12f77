"""Create people"""

from alembic import op

revision = "c764_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE people (id NUMBER(10) NOT NULL PRIMARY KEY, name NVARCHAR2(80))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE people")
