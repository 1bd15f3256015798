"""Every path, address and size in one typed place, read from the environment when asked for.

Nothing here is evaluated at import: `load_settings()` reads the environment anew, so two processes
(or two tests) with different environments never share a value by accident.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """One deployment: which data set it recommends from and where its files are.

    Fields are read from `RECSYS_<NAME>`, e.g. `RECSYS_DATASET=ml-latest-small`.
    """

    model_config = SettingsConfigDict(env_prefix="RECSYS_", extra="ignore", frozen=True)

    dataset: str = "synthetic"
    """Name in `sources.DATASETS`. Each data set has its own tables, models and reports."""
    data_mirror: str | None = None
    """Folder, `file:` or `http(s):` address that holds `movielens/` and `imdb/`; tried before the publisher."""
    imdb_official: bool = False
    """Download IMDb's official data sets, 1.6 GB; not for commercial use. Those on disk are used in any case."""
    data_dir: Path = PROJECT_ROOT / "data"
    models_dir: Path = PROJECT_ROOT / "models"
    mlflow_database: SecretStr | None = None
    """Where MLflow keeps runs and versions, e.g. `postgresql+psycopg2://user:password@host/mlflow`, where several
    machines share them; none is a SQLite file in `models_dir`. Artifacts are in `models_dir` in any case."""
    seed: int = 20261123
    """Seed of every random choice that no config states otherwise."""
    timezone: str = "UTC"
    """IANA zone in which the nightly schedule's 02:00 is meant."""
    schedules: bool = True
    """Whether the nightly runs start by themselves; a person can switch each on or off in the web UI in any case."""
    sensor_seconds: PositiveInt = 15
    """How often the daemon looks at the inbox, and whether to retrain; read when the code location is loaded."""
    retrain_least_events: PositiveInt = 500
    """New events of feedback that are reason enough to retrain what learns from them."""
    retrain_longest_wait: float = Field(default=3600.0, ge=0)
    """Seconds after which fewer are."""
    retrain_first_pause: float = Field(default=300.0, ge=0)
    """Seconds to wait after a retraining that failed; twice as long after each further one, 6 hours at most."""
    gate_holdout_margin: float = Field(default=0.005, ge=0)
    """NDCG@10 by which a challenger on newer data may be worse on the frozen hold-out, where chance explains it."""
    gate_return_margin: float = Field(default=0.03, ge=0)
    """Share of its champion's simulated return that an agent may lose."""
    gate_off_policy_margin: float = Field(default=0.1, ge=0)
    """Share of its champion's off-policy value that an agent may lose, where chance does not explain more."""
    training_storage: Literal["memory", "local-disk", "object-store"] = "memory"
    """Where sequence models read their training data from: memory; a parquet snapshot on disk; or that snapshot as from
    an object store, emulated (100 ms to the first byte), which shows what a tuned pipeline is worth."""
    api_url: str = "http://127.0.0.1:8000"
    """Where the recommendation API answers, for the web app and other clients."""
    api_key: SecretStr | None = None
    """What the web app shows the API where that asks for keys; scopes read and feedback are enough."""
    dagster_url: str = "http://127.0.0.1:3000"
    """Where Dagster's web UI answers; the web app asks it for the state of the asset graph and links into it."""
    api_public_url: str | None = None
    dagster_public_url: str | None = None
    """Where a visitor's browser finds the two, if not where the web app does: its links lead there."""
    duckdb_threads: PositiveInt = 2
    duckdb_memory_limit: str = "4GB"
    warehouse_lock_timeout: float = Field(default=60.0, ge=0)
    """Seconds to wait for another process to close the warehouse before giving up with its name."""

    @field_validator("data_dir", "models_dir", mode="after")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        """Relative paths count from the project, never from the current directory."""
        return path if path.is_absolute() else PROJECT_ROOT / path

    @field_validator("data_mirror", "mlflow_database", "api_public_url", "dagster_public_url", mode="before")
    @classmethod
    def _blank_is_unset(cls, value: object) -> object:
        return value or None

    @property
    def raw_dir(self) -> Path:
        """Untouched downloads, one folder per data set."""
        return self.data_dir / "raw"

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file; one DuckDB schema per data set. Opened only in the pool `duckdb_writer`."""
        return self.data_dir / "recsys.duckdb"

    @property
    def lake_dir(self) -> Path:
        """Published parquet snapshots of this data set: `lake/<dataset>/<table>/`."""
        return self.data_dir / "lake" / self.dataset

    @property
    def reports_dir(self) -> Path:
        return self.data_dir / "reports"

    @property
    def quality_dir(self) -> Path:
        return self.data_dir / "quality"

    @property
    def champion_dir(self) -> Path:
        """What serving loads: `models/champion/<dataset>/<model>/`."""
        return self.models_dir / "champion" / self.dataset

    @property
    def challenger_dir(self) -> Path:
        """Challengers that stayed so: `models/challenger/<dataset>/<model>/`; scored beside champions, never served."""
        return self.models_dir / "challenger" / self.dataset

    @property
    def mlflow_uri(self) -> str:
        """SQLAlchemy's address of MLflow's store; it may hold a password."""
        if self.mlflow_database is not None:
            return self.mlflow_database.get_secret_value()
        return f"sqlite:///{self.models_dir / 'mlflow.db'}"

    @property
    def mlflow_artifacts(self) -> Path:
        return self.models_dir / "mlartifacts"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "logs"


def load_settings(**overrides: object) -> Settings:
    """Read the environment; keyword arguments win over it."""
    return Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]


def dagster_home() -> Path:
    """Folder of Dagster's instance: `DAGSTER_HOME`, this checkout's `.dagster` where it is not set."""
    return Path(os.environ.get("DAGSTER_HOME") or PROJECT_ROOT / ".dagster")
