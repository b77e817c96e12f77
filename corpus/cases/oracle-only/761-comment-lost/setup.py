"""Create books"""

from alembic import op

revision = "c761_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE books (id NUMBER(10) NOT NULL PRIMARY KEY, price NUMBER(8,2))")
    op.execute("COMMENT ON COLUMN books.price IS 'in euros'")


def downgrade() -> None:
    op.execute("DROP TABLE books")
