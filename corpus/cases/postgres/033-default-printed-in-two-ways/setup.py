"""Create jobs"""

from alembic import op

revision = "c033_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE jobs (id serial PRIMARY KEY, state varchar(20) NOT NULL DEFAULT "
        "'queued', attempts integer NOT NULL DEFAULT 0, urgent boolean NOT NULL DEFAULT "
        "false)"
    )


def downgrade() -> None:
    op.drop_table("jobs")
