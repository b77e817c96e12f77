"""Create tickets"""

from alembic import op

revision = "c717_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE ticket_numbers AS int START WITH 1")
    op.execute(
        "CREATE TABLE tickets (id int NOT NULL CONSTRAINT pk_tickets PRIMARY KEY, number int NOT NULL "
        "CONSTRAINT df_tickets_number DEFAULT NEXT VALUE FOR ticket_numbers)"
    )


def downgrade() -> None:
    op.drop_table("tickets")
    op.execute("DROP SEQUENCE ticket_numbers")
