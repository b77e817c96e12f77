"""Allow contacts without a company, with a note"""

import sqlalchemy as sa
from alembic import op

revision = "c505_correct"
down_revision = "c505_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("note", sa.String(200)))
    op.alter_column("contacts", "company", existing_type=sa.String(80), nullable=True)


def downgrade() -> None:
    op.execute("UPDATE contacts SET company = '' WHERE company IS NULL")

    op.drop_column("contacts", "note")
    op.alter_column("contacts", "company", existing_type=sa.String(80), nullable=False)
