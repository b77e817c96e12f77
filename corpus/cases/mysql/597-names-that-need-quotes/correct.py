"""Give Key a system"""

import sqlalchemy as sa
from alembic import op

revision = "c597_correct"
down_revision = "c597_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("Key", sa.Column("system", sa.String(40), comment="It's \"new\""))
    op.create_index("IX `Key` system", "Key", ["system", "Unit Price"])


def downgrade() -> None:
    op.drop_index("IX `Key` system", table_name="Key")
    op.drop_column("Key", "system")
