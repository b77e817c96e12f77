"""Check the documents of gadgets"""

import json

import sqlalchemy as sa
from alembic import op

revision = "c169_correct"
down_revision = "c169_setup"
branch_labels = None
depends_on = None

gadgets = sa.table("gadgets", sa.column("id"), sa.column("document"))


def upgrade() -> None:
    for row in op.get_bind().execute(sa.select(gadgets.c.id, gadgets.c.document)).all():
        try:
            known = set(json.loads(row.document)) <= {"kind", "color"}
        except (TypeError, ValueError):
            known = False
        if not known:
            raise RuntimeError(f"the document of gadget {row.id} has keys that nobody knows")
    op.create_index("ix_gadgets_document", "gadgets", ["document"])


def downgrade() -> None:
    op.drop_index("ix_gadgets_document", "gadgets")
