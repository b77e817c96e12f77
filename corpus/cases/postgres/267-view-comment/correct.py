"""Look at stock by name"""

from alembic import op

revision = "c267_correct"
down_revision = "c267_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP VIEW stock")
    op.execute("CREATE VIEW stock AS SELECT name FROM items WHERE count > 0")


def downgrade() -> None:
    op.execute("DROP VIEW stock")
    op.execute("CREATE VIEW stock AS SELECT id, name FROM items WHERE count > 0")
    op.execute("COMMENT ON VIEW stock IS 'What can be sold today'")
