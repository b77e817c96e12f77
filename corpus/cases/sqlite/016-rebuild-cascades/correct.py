"""Make room for long titles of albums"""

import sqlalchemy as sa
from alembic import op

revision = "c016_correct"
down_revision = "c016_setup"
branch_labels = None
depends_on = None


def rebuild(old: sa.String, new: sa.String) -> None:
    # The pragma does nothing inside a transaction, hence the blocks.
    with op.get_context().autocommit_block():
        op.execute("PRAGMA foreign_keys=OFF")
    with op.batch_alter_table("albums") as batch:
        batch.alter_column("title", existing_type=old, type_=new)
    with op.get_context().autocommit_block():
        op.execute("PRAGMA foreign_keys=ON")


def upgrade() -> None:
    rebuild(sa.String(80), sa.String(400))


def downgrade() -> None:
    rebuild(sa.String(400), sa.String(80))
