"""Keep comments from vanishing with their post"""

from alembic import op

revision = "c011_correct"
down_revision = "c011_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("comments") as batch:
        batch.drop_constraint("fk_comments_post_id", type_="foreignkey")
        batch.create_foreign_key(
            "fk_comments_post_id", "posts", ["post_id"], ["id"], ondelete="RESTRICT"
        )


def downgrade() -> None:
    with op.batch_alter_table("comments") as batch:
        batch.drop_constraint("fk_comments_post_id", type_="foreignkey")
        batch.create_foreign_key(
            "fk_comments_post_id", "posts", ["post_id"], ["id"], ondelete="CASCADE"
        )
