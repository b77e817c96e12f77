"""Archive shirts, which we no longer sell"""

import sqlalchemy as sa
from alembic import op

revision = "c004_buggy"
down_revision = "c004_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE shirts_archive AS SELECT id, color, size::text AS size FROM shirts")
    op.drop_table("shirts")
    op.execute("DROP TYPE shirt_size")


def downgrade() -> None:
    size = sa.Enum("s", "m", "l", name="shirt_size")
    size.create(op.get_bind(), checkfirst=False)
    op.create_table(
        "shirts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("color", sa.String(20), nullable=False),
        sa.Column("size", size, nullable=False),
    )
    op.execute(
        "INSERT INTO shirts (id, color, size) SELECT id, color, size::shirt_size FROM "
        "shirts_archive"
    )
    op.drop_table("shirts_archive")
