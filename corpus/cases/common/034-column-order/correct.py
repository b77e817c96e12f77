"""Move dates of birth into their own table"""

import sqlalchemy as sa
from alembic import op

revision = "c034_correct"
down_revision = "c034_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people_private",
        sa.Column("person_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("born_on", sa.Date()),
    )
    op.execute("INSERT INTO people_private (person_id, born_on) SELECT id, born_on FROM people")
    op.drop_column("people", "born_on")


def downgrade() -> None:
    op.add_column("people", sa.Column("born_on", sa.Date()))
    op.execute(
        "UPDATE people SET born_on = "
        "(SELECT p.born_on FROM people_private p WHERE p.person_id = people.id)"
    )
    op.drop_table("people_private")
