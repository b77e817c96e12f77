"""Create users, with a column that SELECT * leaves out"""

from alembic import op

revision = "c517_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE users (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, "
        "name VARCHAR(80) NOT NULL, token VARCHAR(40) INVISIBLE)"
    )


def downgrade() -> None:
    op.drop_table("users")
