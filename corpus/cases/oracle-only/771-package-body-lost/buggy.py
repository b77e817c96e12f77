"""Leave taxes to the program"""

from alembic import op

revision = "c771_buggy"
down_revision = "c771_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP PACKAGE billing")


def downgrade() -> None:
    op.execute(
        "CREATE OR REPLACE PACKAGE billing AS FUNCTION gross(net NUMBER) RETURN "
        "NUMBER; END;"
    )
