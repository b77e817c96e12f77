"""Create billing"""

from alembic import op

revision = "c771_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE OR REPLACE PACKAGE billing AS FUNCTION gross(net NUMBER) RETURN "
        "NUMBER; END;"
    )
    op.execute(
        "CREATE OR REPLACE PACKAGE BODY billing AS FUNCTION gross(net NUMBER) RETURN "
        "NUMBER IS BEGIN RETURN net * 1.2; END; END;"
    )


def downgrade() -> None:
    op.execute("DROP PACKAGE billing")
