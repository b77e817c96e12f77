"""Give each grade a number"""

from alembic import op

revision = "c584_correct"
down_revision = "c584_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE grades DROP PRIMARY KEY, ADD COLUMN id INTEGER NOT NULL AUTO_INCREMENT "
        "PRIMARY KEY, ADD UNIQUE uq_grades (pupil, subject)"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE grades DROP COLUMN id, DROP INDEX uq_grades, ADD PRIMARY KEY (pupil, "
        "subject)"
    )
