"""Make room for long names of accounts"""

import sqlalchemy as sa
from alembic import op

revision = "c303_correct"
down_revision = "c303_setup"
branch_labels = None
depends_on = None


def rebuild(old: sa.String, new: sa.String) -> None:
    with op.batch_alter_table("accounts") as batch:
        batch.alter_column("name", existing_type=old, type_=new)
    # The rebuild has dropped the old table with its trigger.
    op.execute(
        "CREATE TRIGGER accounts_log AFTER INSERT ON accounts BEGIN "
        "INSERT INTO account_log (account_id) VALUES (NEW.id); END"
    )


def upgrade() -> None:
    rebuild(sa.String(40), sa.String(200))


def downgrade() -> None:
    rebuild(sa.String(200), sa.String(40))
