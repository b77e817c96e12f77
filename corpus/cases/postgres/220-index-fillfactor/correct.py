"""Find documents by when they were read"""

from alembic import op

revision = "c220_correct"
down_revision = "c220_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX ix_documents")
    op.execute("CREATE INDEX ix_documents_read ON documents (read_at, title)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_documents_read")
    op.execute("CREATE INDEX ix_documents ON documents (title) WITH (fillfactor = 70)")
