"""Write addresses as text"""

import sqlalchemy as sa
from alembic import op

revision = "c656_correct"
down_revision = "c656_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("address_text", sa.String(39)))
    op.execute("UPDATE devices SET address_text = address")


def downgrade() -> None:
    op.drop_column("devices", "address_text")
