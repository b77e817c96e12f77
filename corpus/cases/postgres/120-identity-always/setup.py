"""Create tokens"""

from alembic import op

revision = "c120_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE tokens (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name "
        "varchar(40) NOT NULL, hint varchar(80))"
    )


def downgrade() -> None:
    op.drop_table("tokens")
