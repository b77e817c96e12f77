"""Create visits"""

from alembic import op

revision = "c716_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE visits (id int NOT NULL CONSTRAINT pk_visits PRIMARY KEY NONCLUSTERED, "
        "day date NOT NULL)"
    )


def downgrade() -> None:
    op.drop_table("visits")
