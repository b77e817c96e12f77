"""Remember how far each parcel is"""

import sqlalchemy as sa
from alembic import op

revision = "c162_correct"
down_revision = "c162_setup"
branch_labels = None
depends_on = None

status = sa.Enum("new", "sent", "lost", name="parcel_status", native_enum=False)
parcels = sa.table(
    "parcels", sa.column("id"), sa.column("status", status), sa.column("progress")
)
PROGRESS = {"new": 0, "sent": 50, "lost": -1}


def upgrade() -> None:
    op.add_column("parcels", sa.Column("progress", sa.Integer()))
    connection = op.get_bind()
    for row in connection.execute(sa.select(parcels.c.id, parcels.c.status)).all():
        connection.execute(
            parcels.update().where(parcels.c.id == row.id).values(progress=PROGRESS[row.status])
        )


def downgrade() -> None:
    op.drop_column("parcels", "progress")
