"""One member for each address, whatever its case"""

import sqlalchemy as sa
from alembic import op

revision = "c181_buggy"
down_revision = "c181_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("members_address", "members", [sa.text("lower(email)")], unique=True)


def downgrade() -> None:
    op.drop_index("members_address", table_name="members")
