"""Find loans by their card, whatever its case"""

from alembic import op

revision = "c539_correct"
down_revision = "c539_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE loans ADD COLUMN card_key VARCHAR(20) COLLATE utf8mb4_bin AS (lower(card)) "
        "STORED"
    )
    op.create_index("ix_loans_card_key", "loans", ["card_key"])


def downgrade() -> None:
    op.drop_index("ix_loans_card_key", table_name="loans")
    op.drop_column("loans", "card_key")
