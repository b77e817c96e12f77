"""Create plants and a view of the thirsty ones"""

import sqlalchemy as sa
from alembic import op

revision = "c118_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plants",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("thirsty", sa.Boolean(), nullable=False),
    )
    op.execute("CREATE VIEW thirsty_plants AS SELECT id, name FROM plants WHERE thirsty")


def downgrade() -> None:
    op.execute("DROP VIEW thirsty_plants")
    op.drop_table("plants")
