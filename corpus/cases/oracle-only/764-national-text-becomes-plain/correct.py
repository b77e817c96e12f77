"""Write names in the database's own characters"""

from alembic import op

revision = "c764_correct"
down_revision = "c764_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE people ADD (name_new VARCHAR2(80 CHAR))")
    op.execute("UPDATE people SET name_new = TO_CHAR(name)")
    op.execute("ALTER TABLE people DROP COLUMN name")
    op.execute("ALTER TABLE people RENAME COLUMN name_new TO name")


def downgrade() -> None:
    op.execute("ALTER TABLE people ADD (name_new NVARCHAR2(80))")
    op.execute("UPDATE people SET name_new = TO_NCHAR(name)")
    op.execute("ALTER TABLE people DROP COLUMN name")
    op.execute("ALTER TABLE people RENAME COLUMN name_new TO name")
