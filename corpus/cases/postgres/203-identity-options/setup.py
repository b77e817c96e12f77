"""Create tokens"""

from alembic import op

revision = "c203_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE tokens (id integer GENERATED ALWAYS AS IDENTITY (INCREMENT BY 10) "
        "PRIMARY KEY, name varchar(40) NOT NULL)"
    )


def downgrade() -> None:
    op.drop_table("tokens")
