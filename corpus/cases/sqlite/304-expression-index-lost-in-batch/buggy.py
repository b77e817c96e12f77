"""Make room for long titles"""

import sqlalchemy as sa
from alembic import op

revision = "c304_buggy"
down_revision = "c304_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("films") as batch:
        batch.alter_column("title", existing_type=sa.String(80), type_=sa.String(200))


def downgrade() -> None:
    with op.batch_alter_table("films") as batch:
        batch.alter_column("title", existing_type=sa.String(200), type_=sa.String(80))
