"""Keep owners apart"""

import sqlalchemy as sa
from alembic import op

revision = "c509_buggy"
down_revision = "c509_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE owners (token_id BIGINT NOT NULL PRIMARY KEY, owner VARCHAR(40) NOT NULL)"
    )
    op.execute("INSERT IGNORE INTO owners (token_id, owner) SELECT id, owner FROM tokens")
    op.drop_column("tokens", "owner")


def downgrade() -> None:
    op.add_column("tokens", sa.Column("owner", sa.String(40), nullable=False))
    op.execute(
        "UPDATE tokens JOIN owners ON owners.token_id = tokens.id SET tokens.owner = owners.owner"
    )
    op.drop_table("owners")
