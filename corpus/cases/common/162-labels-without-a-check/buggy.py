"""Keep a letter instead of the status"""

import sqlalchemy as sa
from alembic import op

revision = "c162_buggy"
down_revision = "c162_setup"
branch_labels = None
depends_on = None

status = sa.Enum("new", "sent", "lost", name="parcel_status", native_enum=False)
parcels = sa.table(
    "parcels", sa.column("id"), sa.column("status", status), sa.column("letter")
)
LETTERS = {"new": "N", "sent": "S", "lost": "N"}
WORDS = {"N": "new", "S": "sent"}


def upgrade() -> None:
    op.add_column("parcels", sa.Column("letter", sa.String(1)))
    connection = op.get_bind()
    for row in connection.execute(sa.select(parcels.c.id, parcels.c.status)).all():
        connection.execute(
            parcels.update().where(parcels.c.id == row.id).values(letter=LETTERS[row.status])
        )
    op.drop_column("parcels", "status")


def downgrade() -> None:
    op.add_column("parcels", sa.Column("status", status))
    connection = op.get_bind()
    for row in connection.execute(sa.select(parcels.c.id, parcels.c.letter)).all():
        connection.execute(
            parcels.update()
            .where(parcels.c.id == row.id)
            .values(status=WORDS.get(row.letter, "new"))
        )
    with op.batch_alter_table("parcels") as batch:
        batch.alter_column("status", existing_type=sa.String(4), nullable=False)
        batch.drop_column("letter")
