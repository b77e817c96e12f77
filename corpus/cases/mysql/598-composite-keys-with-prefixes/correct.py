"""Say how large files are"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c598_correct"
down_revision = "c598_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ux_files_path", table_name="files")
    op.add_column("files", sa.Column("size", mysql.BIGINT(unsigned=True)))
    op.create_index(
        "ux_files_path",
        "files",
        ["volume", "path", "version"],
        unique=True,
        mysql_length={"path": 100},
    )


def downgrade() -> None:
    op.drop_column("files", "size")
