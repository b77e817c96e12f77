"""Delete tasks with their project"""

from alembic import op

revision = "c407_correct"
down_revision = "c407_setup"
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
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        )


def downgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.drop_constraint("fk_tasks_project_id", type_="foreignkey")
        batch.create_foreign_key(
            "fk_tasks_project_id",
            "projects",
            ["project_id"],
            ["id"],
            deferrable=True,
            initially="DEFERRED",
        )
