"""Let the program number tickets"""

import sqlalchemy as sa
from alembic import op

revision = "c759_correct"
down_revision = "c759_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TRIGGER tr_tickets_id")


def downgrade() -> None:
    op.execute(
        sa.text(
            r"CREATE OR REPLACE TRIGGER tr_tickets_id BEFORE INSERT ON tickets FOR EACH "
            r"ROW WHEN (new.id IS NULL) BEGIN \:new.id := sq_tickets.NEXTVAL; END;"
        )
    )
