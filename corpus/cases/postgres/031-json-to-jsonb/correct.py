"""Find hooks by kind"""

from alembic import op

revision = "c031_correct"
down_revision = "c031_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_hooks_kind ON hooks ((payload ->> 'kind'))")


def downgrade() -> None:
    op.drop_index("ix_hooks_kind", table_name="hooks")
