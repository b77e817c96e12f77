"""Delete tasks with their project"""

from alembic import op

revision = "c406_buggy"
down_revision = "c406_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.drop_constraint("fk_tasks_project_id", type_="foreignkey")
        batch.create_foreign_key(
            "fk_tasks_project_id",
            "projects",
            ["project_id"],
            ["id"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        )


def downgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.drop_constraint("fk_tasks_project_id", type_="foreignkey")
        batch.create_foreign_key("fk_tasks_project_id", "projects", ["project_id"], ["id"])
