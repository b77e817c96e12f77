"""Name the foreign key of tasks after the convention"""

from alembic import op

revision = "c405_correct"
down_revision = "c405_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.drop_constraint("fk_tasks_project_id", type_="foreignkey")
        batch.create_foreign_key("tasks_project_id_fk_projects", "projects", ["project_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.drop_constraint("tasks_project_id_fk_projects", type_="foreignkey")
        batch.create_foreign_key("fk_tasks_project_id", "projects", ["project_id"], ["id"])
