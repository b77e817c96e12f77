"""Create departments and their people"""

import sqlalchemy as sa
from alembic import op

revision = "c103_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite wants the constraint within CREATE TABLE, the others the referenced table first.
    late = op.get_bind().dialect.name != "sqlite"
    head = sa.ForeignKeyConstraint(["head_id"], ["people.id"], name="fk_departments_head_id")
    op.create_table(
        "departments",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("head_id", sa.Integer()),
        *([] if late else [head]),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("department_id", sa.Integer(), sa.ForeignKey("departments.id"), nullable=False),
    )
    if late:
        op.create_foreign_key(
            "fk_departments_head_id", "departments", "people", ["head_id"], ["id"]
        )


def downgrade() -> None:
    op.execute("UPDATE departments SET head_id = NULL")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("fk_departments_head_id", "departments", type_="foreignkey")
    op.drop_table("people")
    op.drop_table("departments")
