"""Say when a contract ends"""

import sqlalchemy as sa
from alembic import op

revision = "c653_correct"
down_revision = "c653_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET system_versioning_alter_history = 'KEEP'")
    op.add_column("contracts", sa.Column("ends_on", sa.Date()))


def downgrade() -> None:
    op.execute("SET system_versioning_alter_history = 'KEEP'")
    op.drop_column("contracts", "ends_on")
