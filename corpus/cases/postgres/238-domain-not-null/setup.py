"""Create discounts in percent"""

from alembic import op

revision = "c238_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE DOMAIN percentage AS integer DEFAULT 0 NOT NULL CONSTRAINT ck_percentage "
        "CHECK (VALUE >= 0 AND VALUE <= 100)"
    )
    op.execute("CREATE TABLE discounts (id serial PRIMARY KEY, value percentage)")


def downgrade() -> None:
    op.drop_table("discounts")
    op.execute("DROP DOMAIN percentage")
