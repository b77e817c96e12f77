"""Delete tasks with their project"""

from alembic import op

revision = "c211_buggy"
down_revision = "c211_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE tasks DROP CONSTRAINT fk_tasks_project_id")
    op.execute(
        "ALTER TABLE tasks ADD CONSTRAINT fk_tasks_project_id FOREIGN KEY (project_id) "
        "REFERENCES projects (id) ON DELETE CASCADE"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE tasks DROP CONSTRAINT fk_tasks_project_id")
    op.execute(
        "ALTER TABLE tasks ADD CONSTRAINT fk_tasks_project_id FOREIGN KEY (project_id) "
        "REFERENCES projects (id) NOT VALID"
    )
