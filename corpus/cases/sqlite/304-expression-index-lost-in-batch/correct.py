"""Make room for long titles"""

import sqlalchemy as sa
from alembic import op

revision = "c304_correct"
down_revision = "c304_setup"
branch_labels = None
depends_on = None


def rebuild(old: sa.String, new: sa.String) -> None:
    with op.batch_alter_table("films") as batch:
        batch.alter_column("title", existing_type=old, type_=new)
    op.create_index("ix_films_title", "films", [sa.text("lower(title)")])


def upgrade() -> None:
    rebuild(sa.String(80), sa.String(200))


def downgrade() -> None:
    rebuild(sa.String(200), sa.String(80))
