"""Find members by address, whatever its case"""

import sqlalchemy as sa
from alembic import op

revision = "c181_correct"
down_revision = "c181_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("members_address", "members", [sa.text("lower(email)")])


def downgrade() -> None:
    op.drop_index("members_address", table_name="members")
