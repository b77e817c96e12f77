"""Make room for long kinds of events"""

import sqlalchemy as sa
from alembic import op

revision = "c015_correct"
down_revision = "c015_setup"
branch_labels = None
depends_on = None


def rebuild(old: sa.String, new: sa.String) -> None:
    op.drop_index("ix_events_at", table_name="events")
    with op.batch_alter_table("events") as batch:
        batch.alter_column("kind", existing_type=old, type_=new)
    op.create_index("ix_events_at", "events", [sa.text("at DESC")])


def upgrade() -> None:
    rebuild(sa.String(20), sa.String(80))


def downgrade() -> None:
    rebuild(sa.String(80), sa.String(20))
