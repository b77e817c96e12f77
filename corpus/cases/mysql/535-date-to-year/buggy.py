"""Only the year matters"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c535_buggy"
down_revision = "c535_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("books", sa.Column("published", mysql.YEAR()))
    op.execute(
        "UPDATE books SET published = year(published_on) WHERE year(published_on) BETWEEN 1901 "
        "AND 2155"
    )
    op.drop_column("books", "published_on")


def downgrade() -> None:
    op.add_column("books", sa.Column("published_on", sa.Date()))
    op.execute("UPDATE books SET published_on = makedate(published, 40)")
    op.drop_column("books", "published")
