"""Find books by year"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c535_correct"
down_revision = "c535_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("books", sa.Column("published", mysql.YEAR()))
    op.execute(
        "UPDATE books SET published = year(published_on) WHERE year(published_on) BETWEEN 1901 "
        "AND 2155"
    )


def downgrade() -> None:
    op.drop_column("books", "published")
