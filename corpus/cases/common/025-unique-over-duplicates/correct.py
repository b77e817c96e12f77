"""Allow each e-mail address to subscribe once, setting later duplicates aside"""

import sqlalchemy as sa
from alembic import op

revision = "c025_correct"
down_revision = "c025_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscribers_duplicates",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("email", sa.String(120), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
    )
    op.execute(
        "INSERT INTO subscribers_duplicates (id, email, joined_on) "
        "SELECT id, email, joined_on FROM subscribers s WHERE EXISTS "
        "(SELECT 1 FROM subscribers e WHERE e.email = s.email AND e.id < s.id)"
    )
    op.execute("DELETE FROM subscribers WHERE id IN (SELECT id FROM subscribers_duplicates)")
    with op.batch_alter_table("subscribers") as batch:
        batch.create_unique_constraint("uq_subscribers_email", ["email"])


def downgrade() -> None:
    with op.batch_alter_table("subscribers") as batch:
        batch.drop_constraint("uq_subscribers_email", type_="unique")
    op.execute(
        "INSERT INTO subscribers (id, email, joined_on) "
        "SELECT id, email, joined_on FROM subscribers_duplicates"
    )
    op.drop_table("subscribers_duplicates")
