"""Make room for long names of plants"""

import sqlalchemy as sa
from alembic import op

revision = "c118_correct"
down_revision = "c118_setup"
branch_labels = None
depends_on = None


def rebuild(old: sa.String, new: sa.String) -> None:
    op.execute("DROP VIEW thirsty_plants")
    with op.batch_alter_table("plants") as batch:
        batch.alter_column("name", existing_type=old, type_=new)
    op.execute("CREATE VIEW thirsty_plants AS SELECT id, name FROM plants WHERE thirsty")


def upgrade() -> None:
    rebuild(sa.String(40), sa.String(200))


def downgrade() -> None:
    rebuild(sa.String(200), sa.String(40))
