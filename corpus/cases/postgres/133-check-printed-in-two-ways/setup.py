"""Create jobs"""

from alembic import op

revision = "c133_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE jobs (id serial PRIMARY KEY, state varchar(20) NOT NULL, CONSTRAINT "
        "ck_jobs_state CHECK (state IN ('queued', 'running', 'done')))"
    )


def downgrade() -> None:
    op.drop_table("jobs")
