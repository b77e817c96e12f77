"""Allow jobs to fail"""

from alembic import op

revision = "c133_buggy"
down_revision = "c133_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE jobs DROP CONSTRAINT ck_jobs_state")
    op.execute(
        "ALTER TABLE jobs ADD CONSTRAINT ck_jobs_state CHECK (state IN ('queued', 'running', "
        "'done', 'failed'))"
    )


def downgrade() -> None:
    op.execute("UPDATE jobs SET state = 'done' WHERE state = 'failed'")
    op.execute("ALTER TABLE jobs DROP CONSTRAINT ck_jobs_state")
    op.execute(
        "ALTER TABLE jobs ADD CONSTRAINT ck_jobs_state CHECK (state::text = ANY "
        "(ARRAY['queued'::text, 'running'::text, 'done'::text, 'lost'::text]))"
    )
