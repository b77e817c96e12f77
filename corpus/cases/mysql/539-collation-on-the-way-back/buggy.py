"""Tell letter cases of cards apart"""

from alembic import op

revision = "c539_buggy"
down_revision = "c539_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("fk_loans_card", "loans", type_="foreignkey")
    op.execute("ALTER TABLE readers MODIFY card VARCHAR(20) COLLATE utf8mb4_bin NOT NULL")
    op.execute("ALTER TABLE loans MODIFY card VARCHAR(20) COLLATE utf8mb4_bin NOT NULL")
    op.create_foreign_key("fk_loans_card", "loans", "readers", ["card"], ["card"])


def downgrade() -> None:
    op.drop_constraint("fk_loans_card", "loans", type_="foreignkey")
    op.execute("ALTER TABLE loans MODIFY card VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL")
    op.create_foreign_key("fk_loans_card", "loans", "readers", ["card"], ["card"])
