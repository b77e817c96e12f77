"""Make room for long titles of albums"""

import sqlalchemy as sa
from alembic import op

revision = "c016_buggy"
down_revision = "c016_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("albums") as batch:
        batch.alter_column("title", existing_type=sa.String(80), type_=sa.String(400))


def downgrade() -> None:
    with op.batch_alter_table("albums") as batch:
        batch.alter_column("title", existing_type=sa.String(400), type_=sa.String(80))
