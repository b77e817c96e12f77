"""Runs the corpus against the database in DATABASE_URL, or in sqlalchemy.url."""

import os

from alembic import context
from sqlalchemy import create_engine, event, pool


def enforce_foreign_keys(connection, _record):
    """SQLite leaves foreign keys unenforced unless each connection asks for them."""
    connection.execute("PRAGMA foreign_keys=ON")


def main():
    url = context.config.get_main_option("sqlalchemy.url") or os.environ["DATABASE_URL"]
    engine = create_engine(url, poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", enforce_foreign_keys)

    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("the corpus runs against a database; offline SQL is not supported")
main()
