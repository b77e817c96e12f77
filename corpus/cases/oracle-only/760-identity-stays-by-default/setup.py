"""Create parcels"""

from alembic import op

revision = "c760_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE parcels (id NUMBER(10) GENERATED ALWAYS AS IDENTITY PRIMARY "
        "KEY, weight NUMBER(8,3))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE parcels")
