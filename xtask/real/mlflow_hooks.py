"""mlflow's first revision alters tables that its program makes."""

import sqlalchemy
from mlflow.store.tracking.dbmodels.initial_models import Base


def initial_tables(url):
    engine = sqlalchemy.create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
