"""Find seals by label"""

from alembic import op

revision = "c161_sealed"
down_revision = "c161_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_seals_label", "seals", ["label"])


def downgrade() -> None:
    op.drop_index("ix_seals_label", table_name="seals")
