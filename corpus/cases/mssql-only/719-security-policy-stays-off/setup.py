"""Create notes"""

import sqlalchemy as sa
from alembic import op

revision = "c719_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("owner", sa.Unicode(50), nullable=False),
        sa.Column("body", sa.Unicode(200)),
    )
    op.execute(
        "CREATE FUNCTION own_notes (@owner nvarchar(50)) RETURNS TABLE WITH SCHEMABINDING AS "
        "RETURN SELECT 1 AS seen WHERE @owner = USER_NAME() OR IS_MEMBER('db_owner') = 1"
    )
    op.execute(
        "CREATE SECURITY POLICY notes_policy ADD FILTER PREDICATE dbo.own_notes(owner) ON dbo.notes "
        "WITH (STATE = ON)"
    )


def downgrade() -> None:
    op.execute("DROP SECURITY POLICY notes_policy")
    op.execute("DROP FUNCTION own_notes")
    op.drop_table("notes")
