"""Make room for long names of categories"""

import sqlalchemy as sa
from alembic import op

revision = "c116_correct"
down_revision = "c116_setup"
branch_labels = None
depends_on = None


def rebuild(old: sa.String, new: sa.String) -> None:
    # The pragma does nothing inside a transaction, hence the blocks.
    with op.get_context().autocommit_block():
        op.execute("PRAGMA foreign_keys=OFF")
    with op.batch_alter_table("categories") as batch:
        batch.alter_column("name", existing_type=old, type_=new)
    with op.get_context().autocommit_block():
        op.execute("PRAGMA foreign_keys=ON")


def upgrade() -> None:
    rebuild(sa.String(40), sa.String(200))


def downgrade() -> None:
    rebuild(sa.String(200), sa.String(40))
