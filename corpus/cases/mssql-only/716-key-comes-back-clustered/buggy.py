"""Nobody names a visit"""

from alembic import op

revision = "c716_buggy"
down_revision = "c716_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("pk_visits", "visits", type_="primary")
    op.create_unique_constraint("uq_visits_id", "visits", ["id"])


def downgrade() -> None:
    op.drop_constraint("uq_visits_id", "visits", type_="unique")
    op.create_primary_key("pk_visits", "visits", ["id"])
