"""Let reporting read items"""

from alembic import op

revision = "c280_buggy"
down_revision = "c280_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE ROLE c280_reader")
    op.execute("GRANT SELECT ON items TO c280_reader")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON items FROM c280_reader")
