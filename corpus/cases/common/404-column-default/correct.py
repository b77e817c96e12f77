"""Let orders start as drafts"""

import sqlalchemy as sa
from alembic import op

revision = "c404_correct"
down_revision = "c404_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("status", existing_type=sa.String(20), server_default="draft")


def downgrade() -> None:
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("status", existing_type=sa.String(20), server_default="new")
