"""Say who carries parcels"""

from alembic import op

revision = "c508_buggy"
down_revision = "c508_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE parcels ADD COLUMN weight INTEGER, ADD COLUMN carrier_id INTEGER, ADD "
        "CONSTRAINT fk_parcels_carrier_id FOREIGN KEY (carrier_id) REFERENCES carriers (id)"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE parcels DROP FOREIGN KEY fk_parcels_carrier_id, DROP COLUMN carrier_id, DROP"
        " COLUMN weight"
    )
