"""Create devices"""

from alembic import op

revision = "c656_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE devices (id UUID NOT NULL PRIMARY KEY, address INET6 NOT NULL, seen_at "
        "TIMESTAMP(6) NULL, UNIQUE KEY uq_devices_address (address))"
    )


def downgrade() -> None:
    op.drop_table("devices")
