"""Explain names"""

from alembic import op

revision = "c703_buggy"
down_revision = "c703_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "EXEC sp_addextendedproperty 'MS_Description', 'As written', 'SCHEMA', 'dbo', "
        "'TABLE', 'users', 'COLUMN', 'name'"
    )


def downgrade() -> None:
    op.execute(
        "CREATE TABLE users_new (id int NOT NULL CONSTRAINT pk_users_new PRIMARY KEY, "
        "name nvarchar(50) NOT NULL, nickname nvarchar(50) NULL)"
    )
    op.execute("INSERT INTO users_new (id, name, nickname) SELECT id, name, nickname FROM users")
    op.drop_table("users")
    op.execute("EXEC sp_rename 'users_new', 'users'")
    op.execute("EXEC sp_rename 'pk_users_new', 'pk_users', 'OBJECT'")
