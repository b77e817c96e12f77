"""Store payloads as jsonb"""

from alembic import op

revision = "c031_buggy"
down_revision = "c031_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE hooks ALTER COLUMN payload TYPE jsonb USING payload::jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE hooks ALTER COLUMN payload TYPE json USING payload::json")
