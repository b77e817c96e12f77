"""Find posts by slug without locking them"""

from alembic import op

revision = "c121_buggy"
down_revision = "c121_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index("ix_posts_slug", "posts", ["slug"], postgresql_concurrently=True)


def downgrade() -> None:
    pass
