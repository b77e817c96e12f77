"""List counts too"""

from alembic import op

revision = "c260_buggy"
down_revision = "c260_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE OR REPLACE VIEW stock WITH (security_barrier) AS SELECT id, name, count FROM "
        "items WHERE count > 0"
    )


def downgrade() -> None:
    op.execute("DROP VIEW stock")
    op.execute("CREATE VIEW stock AS SELECT id, name FROM items WHERE count > 0")
