"""Make room for long city names"""

import sqlalchemy as sa
from alembic import op

revision = "c402_correct"
down_revision = "c402_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("cities") as batch:
        batch.alter_column(
            "name", existing_type=sa.String(50), existing_nullable=False, type_=sa.String(200)
        )


def downgrade() -> None:
    op.execute("UPDATE cities SET name = substr(name, 1, 50)")
    with op.batch_alter_table("cities") as batch:
        batch.alter_column(
            "name", existing_type=sa.String(200), existing_nullable=False, type_=sa.String(50)
        )
