"""Mark one of everything"""

import sqlalchemy as sa
from alembic import op

revision = "c593_correct"
down_revision = "c593_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("one_of_each", sa.Column("mark", sa.Integer()))
    op.create_index("ix_one_of_each_a_varchar", "one_of_each", ["a_varchar"])
    op.rename_table("one_of_each", "one_of_all")


def downgrade() -> None:
    op.rename_table("one_of_all", "one_of_each")
    op.drop_index("ix_one_of_each_a_varchar", table_name="one_of_each")
    op.drop_column("one_of_each", "mark")
