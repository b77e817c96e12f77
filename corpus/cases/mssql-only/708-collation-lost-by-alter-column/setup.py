"""Create codes"""

from alembic import op

revision = "c708_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE codes (id int NOT NULL CONSTRAINT pk_codes PRIMARY KEY, "
        "code nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL)"
    )


def downgrade() -> None:
    op.drop_table("codes")
