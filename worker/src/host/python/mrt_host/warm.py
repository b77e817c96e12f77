"""Makes first use in a child as quick as second use.

A child inherits what the server's memory holds: modules, compiled patterns, what SQLAlchemy and Python remember of
code that has run once. So the server rehearses a migration before it imports the project, whose listeners must not
hear of it: for real on SQLite in memory, and as text in the dialect of the slot's URL. Nothing stays open.
"""


def up():
    _rehearse(_modules)
    _rehearse(_in_memory)


def up_dialect(url):
    _rehearse(_as_text, url)


def _rehearse(what, *arguments):
    try:
        what(*arguments)
    except Exception:
        # A step that is not rehearsed is slower, no more. env.py will say what is wrong, in its own words.
        pass


def _modules():
    # Nearly every env.py imports it.
    import logging.config  # noqa: F401


def _in_memory():
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    # NullPool: closed before anything is forked.
    engine = create_engine("sqlite://", poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        context.get_current_heads()
        _version_table(context)
        _operate(context)


def _as_text(url):
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    engine = create_engine(url)
    sink = _Sink()
    context = MigrationContext.configure(dialect=engine.dialect, opts={"as_sql": True, "output_buffer": sink})
    _version_table(context)
    _operate(context)


class _Sink:
    def write(self, text):
        pass

    def flush(self):
        pass


def _version_table(context):
    from sqlalchemy import literal_column

    table = context._version
    if context.connection is not None:
        table.create(context.connection, checkfirst=True)
    context.impl._exec(table.insert().values(version_num=literal_column("'a'")))
    context.impl._exec(
        table.update().values(version_num=literal_column("'b'")).where(table.c.version_num == literal_column("'a'"))
    )
    context.impl._exec(table.delete().where(table.c.version_num == literal_column("'b'")))


def _operate(context):
    import sqlalchemy as sa
    from alembic.operations import Operations

    op = Operations(context)
    op.create_table(
        "parents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False, server_default="x"),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now()),
        sa.Column("ok", sa.Boolean, sa.CheckConstraint("ok IN (0, 1)")),
        sa.UniqueConstraint("name", name="one_name"),
    )
    op.create_table(
        "children",
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("parent", sa.Integer, sa.ForeignKey("parents.id", ondelete="CASCADE")),
        sa.Column("price", sa.Numeric(10, 2)),
        sa.Column("text", sa.Text),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("by_name", "parents", ["name", "at"])
    op.add_column("parents", sa.Column("phone", sa.String(20), nullable=True))
    op.execute("UPDATE parents SET phone = ''")
    op.bulk_insert(sa.table("children", sa.column("id", sa.Integer), sa.column("text", sa.Text)), [{"id": 1, "text": "a"}])
    op.execute(sa.text("DELETE FROM children WHERE id = 1"))
    op.drop_column("parents", "phone")
    if context.connection is not None:
        # What reflects tables needs a connection.
        with op.batch_alter_table("children") as batch:
            batch.alter_column("price", existing_type=sa.Numeric(10, 2), type_=sa.Numeric(14, 2))
            batch.drop_column("text")
    op.drop_index("by_name", "parents")
    op.drop_table("children")
    op.drop_table("parents")
