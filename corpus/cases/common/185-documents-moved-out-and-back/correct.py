"""Move the reminders of a plan into a table"""

import sqlalchemy as sa
from alembic import op

revision = "c185_correct"
down_revision = "c185_setup"
branch_labels = None
depends_on = None

plans = sa.table("plans", sa.column("id", sa.Integer()), sa.column("data", sa.JSON()))


def upgrade() -> None:
    reminders = op.create_table(
        "reminders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("plan_id", sa.Integer(), sa.ForeignKey("plans.id", name="fk_reminders_plan"), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
    )
    bind = op.get_bind()
    for plan_id, data in bind.execute(sa.select(plans.c.id, plans.c.data).order_by(plans.c.id)).all():
        if not isinstance(data, dict) or "reminders" not in data:
            continue
        found = data.pop("reminders")
        for reminder in found:
            bind.execute(reminders.insert().values(plan_id=plan_id, address={"mail": reminder["address"]["mail"]}))
        bind.execute(plans.update().where(plans.c.id == plan_id).values(data=data))


def downgrade() -> None:
    bind = op.get_bind()
    reminders = sa.table("reminders", sa.column("id"), sa.column("plan_id"), sa.column("address", sa.JSON()))
    for plan_id, data in bind.execute(sa.select(plans.c.id, plans.c.data).order_by(plans.c.id)).all():
        rows = bind.execute(
            sa.select(reminders.c.address).where(reminders.c.plan_id == plan_id).order_by(reminders.c.id)
        )
        found = [{"address": address} for (address,) in rows]
        if found and isinstance(data, dict):
            bind.execute(plans.update().where(plans.c.id == plan_id).values(data={**data, "reminders": found}))
    op.drop_table("reminders")
