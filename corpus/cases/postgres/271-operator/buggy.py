"""Compare words without regard to case"""

from alembic import op

revision = "c271_buggy"
down_revision = "c271_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION same_word(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ "
        "SELECT lower($1) = lower($2) $$"
    )
    op.execute("CREATE OPERATOR ~=~ (LEFTARG = text, RIGHTARG = text, FUNCTION = same_word)")


def downgrade() -> None:
    pass
