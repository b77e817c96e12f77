"""Allow each e-mail address to subscribe once"""

from alembic import op

revision = "c025_buggy"
down_revision = "c025_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subscribers") as batch:
        batch.create_unique_constraint("uq_subscribers_email", ["email"])


def downgrade() -> None:
    with op.batch_alter_table("subscribers") as batch:
        batch.drop_constraint("uq_subscribers_email", type_="unique")
