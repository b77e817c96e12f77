"""Brings a database to the last revision of a chain that is installed in this interpreter."""

import sys

chain, url = sys.argv[1], sys.argv[2]

if chain == "optuna":
    # The program makes its tables itself, and its chain only mends old ones.
    import optuna

    optuna.storages.RDBStorage(url)
elif chain == "mlflow":
    import sqlalchemy
    from mlflow.store.db.utils import _initialize_tables

    _initialize_tables(sqlalchemy.create_engine(url))
elif chain == "prefect":
    import os

    driver = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
    scheme, rest = url.split("://", 1)
    os.environ["PREFECT_API_DATABASE_CONNECTION_URL"] = driver[scheme.split("+")[0]] + "://" + rest
    from anyio import run, to_thread
    from prefect.server.database.alembic_commands import alembic_upgrade

    run(lambda: to_thread.run_sync(alembic_upgrade))
else:
    sys.exit(f"unknown chain {chain}")
