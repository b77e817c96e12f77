"""Create users"""

from alembic import op

revision = "c703_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE users (id int NOT NULL IDENTITY CONSTRAINT pk_users PRIMARY KEY, "
        "name nvarchar(50) NOT NULL, "
        "nickname nvarchar(50) NULL)"
    )


def downgrade() -> None:
    op.drop_table("users")
