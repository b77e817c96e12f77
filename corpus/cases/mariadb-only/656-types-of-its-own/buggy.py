"""Write addresses as text"""

from alembic import op

revision = "c656_buggy"
down_revision = "c656_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE devices MODIFY address VARCHAR(39) NOT NULL")


def downgrade() -> None:
    pass
