"""Allow contacts without a company"""

import sqlalchemy as sa
from alembic import op

revision = "c403_correct"
down_revision = "c403_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("contacts") as batch:
        batch.alter_column("company", existing_type=sa.String(80), nullable=True)


def downgrade() -> None:
    op.execute("UPDATE contacts SET company = 'none' WHERE company IS NULL")
    with op.batch_alter_table("contacts") as batch:
        batch.alter_column("company", existing_type=sa.String(80), nullable=False)
