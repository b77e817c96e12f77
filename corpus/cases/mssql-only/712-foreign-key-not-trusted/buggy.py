"""A loan outlives its reader"""

from alembic import op

revision = "c712_buggy"
down_revision = "c712_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("fk_loans_reader", "loans", type_="foreignkey")
    op.create_foreign_key("fk_loans_readers", "loans", "readers", ["reader_id"], ["id"], ondelete="CASCADE")


def downgrade() -> None:
    op.drop_constraint("fk_loans_readers", "loans", type_="foreignkey")
    op.execute(
        "ALTER TABLE loans WITH NOCHECK ADD CONSTRAINT fk_loans_reader "
        "FOREIGN KEY (reader_id) REFERENCES readers (id)"
    )
