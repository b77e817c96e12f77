"""Take the measurements of 2024 out"""

from alembic import op

revision = "c245_buggy"
down_revision = "c245_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE measurements DETACH PARTITION measurements_2024")
    op.execute(
        "ALTER TABLE measurements_2024 ADD CONSTRAINT ck_measurements_2024 CHECK (taken_on >= "
        "'2024-01-01' AND taken_on < '2025-01-01')"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE measurements_2024 DROP CONSTRAINT ck_measurements_2024")
