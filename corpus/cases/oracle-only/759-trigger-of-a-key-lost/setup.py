"""Create tickets"""

import sqlalchemy as sa
from alembic import op

revision = "c759_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE tickets (id NUMBER(10) NOT NULL PRIMARY KEY, title VARCHAR2(80 "
        "CHAR) NOT NULL)"
    )
    op.execute("CREATE SEQUENCE sq_tickets")
    op.execute(
        sa.text(
            r"CREATE OR REPLACE TRIGGER tr_tickets_id BEFORE INSERT ON tickets FOR EACH "
            r"ROW WHEN (new.id IS NULL) BEGIN \:new.id := sq_tickets.NEXTVAL; END;"
        )
    )


def downgrade() -> None:
    op.execute("DROP TABLE tickets")
    op.execute("DROP SEQUENCE sq_tickets")
