"""Explain places.at"""

from alembic import op

revision = "c604_correct"
down_revision = "c604_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE places MODIFY at POINT NOT NULL SRID 4326 COMMENT 'The entrance'")


def downgrade() -> None:
    op.execute("ALTER TABLE places MODIFY at POINT NOT NULL SRID 4326")
