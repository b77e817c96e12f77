"""Find profiles that have a website"""

from alembic import op

revision = "c151_correct"
down_revision = "c151_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_profiles_website", "profiles", ["website"])


def downgrade() -> None:
    op.drop_index("ix_profiles_website", table_name="profiles")
