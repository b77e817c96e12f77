"""Count the people of a department"""

import sqlalchemy as sa
from alembic import op

revision = "c103_correct"
down_revision = "c103_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("departments", sa.Column("size", sa.Integer()))
    op.execute(
        "UPDATE departments SET size = "
        "(SELECT count(*) FROM people WHERE people.department_id = departments.id)"
    )


def downgrade() -> None:
    op.drop_column("departments", "size")
