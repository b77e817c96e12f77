"""Create crates, tidied by a trigger"""

import sqlalchemy as sa
from alembic import op

revision = "c229_correct"
down_revision = "c229_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "crates",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("label", sa.String(20)),
    )
    op.execute(
        "CREATE FUNCTION tidy_crate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.label "
        ":= trim(NEW.label); RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER crates_tidy BEFORE INSERT ON crates FOR EACH ROW EXECUTE FUNCTION "
        "tidy_crate()"
    )


def downgrade() -> None:
    op.drop_table("crates")
    op.execute("DROP FUNCTION tidy_crate()")
