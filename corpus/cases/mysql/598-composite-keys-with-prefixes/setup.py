"""Create files"""

from alembic import op

revision = "c598_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE files (volume VARCHAR(40) NOT NULL, path VARCHAR(300) NOT NULL, version "
        "BIGINT UNSIGNED NOT NULL, note TEXT, PRIMARY KEY (volume, version), UNIQUE KEY "
        "ux_files_path (volume, path(100), version), KEY ix_files_note (note(20), version DESC))"
    )
    op.execute(
        "CREATE TABLE locks (volume VARCHAR(40) NOT NULL, version BIGINT UNSIGNED NOT NULL, "
        "holder VARCHAR(40) NOT NULL, PRIMARY KEY (volume, version, holder), CONSTRAINT "
        "fk_locks_files FOREIGN KEY (volume, version) REFERENCES files (volume, version) ON "
        "DELETE CASCADE ON UPDATE CASCADE)"
    )


def downgrade() -> None:
    op.drop_table("locks")
    op.drop_table("files")
