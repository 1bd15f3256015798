"""MLflow's store: one SQLite file (or a database that several machines share) and one artifact folder under
`models/`, created once.

A fresh SQLite store that several processes touch at once breaks (`duplicate column name`, mlflow#19943), and MLflow's
defaults follow the current directory. So: explicit addresses, a file lock around the first touch, a marker after it.
MLflow also keeps connections open for the life of a process, so that one whose store was deleted would go on reading
and writing the deleted file. So: no kept connections, and a look into the file before each use.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from recsys_assets.atomic import write_text
from recsys_assets.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

LOCK_SECONDS = 120


def quiet_mlflow() -> None:
    """No call-home, no pickles, no chatter on the terminal; set before MLflow is imported."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_SQLALCHEMYSTORE_POOLCLASS"] = "NullPool"
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")


def open_store(settings: Settings) -> MlflowClient:
    """A client of the deployment's store, which exists afterwards with the data set's experiment."""
    quiet_mlflow()
    settings.mlflow_artifacts.mkdir(parents=True, exist_ok=True)
    from mlflow import MlflowClient, __version__

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # it may have been imported before the environment was set
    logging.getLogger("alembic").setLevel(logging.WARNING)
    marker = settings.models_dir / f".mlflow-{__version__}-{settings.dataset}"
    if not (marker.exists() and _has_experiment(settings)):  # a store that was deleted leaves its marker
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        with FileLock(settings.models_dir / ".mlflow.lock", timeout=LOCK_SECONDS):
            SqlAlchemyStore(settings.mlflow_uri, settings.mlflow_artifacts.as_uri())  # tables; a client makes them once
            client = MlflowClient(settings.mlflow_uri, settings.mlflow_uri)
            if client.get_experiment_by_name(experiment_name(settings)) is None:
                client.create_experiment(
                    experiment_name(settings), artifact_location=(settings.mlflow_artifacts / settings.dataset).as_uri()
                )
            write_text(marker, "The store is at this version of MLflow and holds this data set's experiment.\n")
    return MlflowClient(settings.mlflow_uri, settings.mlflow_uri)


def _has_experiment(settings: Settings) -> bool:
    """Without MLflow, in less than a millisecond: false of a store that is missing, empty or another's."""
    if settings.mlflow_database is not None:
        return _database_has_experiment(settings)
    store = Path(settings.mlflow_uri.removeprefix("sqlite:///"))
    try:
        with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)) as con:
            found = con.execute("SELECT 1 FROM experiments WHERE name = ?", [experiment_name(settings)]).fetchone()
    except sqlite3.OperationalError:
        return False
    return found is not None


def _database_has_experiment(settings: Settings) -> bool:
    from sqlalchemy import NullPool, create_engine, text
    from sqlalchemy.exc import ProgrammingError

    try:
        with create_engine(settings.mlflow_uri, poolclass=NullPool).connect() as con:
            wanted = {"name": experiment_name(settings)}
            return con.execute(text("SELECT 1 FROM experiments WHERE name = :name"), wanted).first() is not None
    except ProgrammingError:  # a database without tables
        return False


def experiment_name(settings: Settings) -> str:
    return f"recsys/{settings.dataset}"
