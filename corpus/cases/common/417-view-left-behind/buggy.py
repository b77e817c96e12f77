"""List the names of members"""

from alembic import op

revision = "c417_buggy"
down_revision = "c417_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE VIEW member_names AS SELECT name FROM members")


def downgrade() -> None:
    pass
