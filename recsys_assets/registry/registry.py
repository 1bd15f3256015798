"""The model registry: one MLflow run a training, one registered model a recommender and data set.

A version holds two exports (`Recommender.save`): `holdout`, fitted on the training part only, which the promotion
gate scores; and `serving`, the same configuration and seed refitted on all ratings.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from recsys_assets.registry.bootstrap import experiment_name, open_store
from recsys_assets.registry.code_version import code_version
from recsys_assets.registry.records import (
    CONTENT_TAG,
    ModelVersion,
    NotRegisteredError,
    Part,
    RegistryError,
    RunRecord,
)
from recsys_assets.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

RUN_TAG, MODEL_TAG = "dagster.run_id", "asset"
REQUIREMENTS = ("numpy", "polars", "pydantic", "scipy")
BATCHES_SEEN = "feedback_batches.json"
"""Document of a version: the batches of feedback that its training has seen."""
MOST_METRICS = 1_000
"""That MLflow takes in one call."""
MOST = 10_000
"""Versions of one model that are looked at."""


class Registry:
    """The registered models of one deployment's data set."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    # -- writing -----------------------------------------------------------------------------------------------

    def record(self, record: RunRecord) -> ModelVersion:
        """Log the run, register the version, and make it the challenger. Repeating a killed call completes it."""
        client = self._client()
        run_id = self._run_of(client, record)
        existing = client.search_model_versions(f"run_id = '{run_id}'")
        if existing:
            version = int(existing[0].version)
        else:
            self._log_facts(client, run_id, record)
            version = self._register(client, run_id, record)
        client.set_registered_model_alias(self.registered_name(record.model), "challenger", str(version))
        client.set_terminated(run_id)
        return self.version(record.model, version)

    def set_alias(self, model: str, alias: str, version: int) -> None:
        self._client().set_registered_model_alias(self.registered_name(model), alias, str(version))

    def set_tag(self, model: str, version: int, key: str, value: str) -> None:
        """An empty value unsets the tag."""
        self._client().set_model_version_tag(self.registered_name(model), str(version), key, value)

    # -- reading -----------------------------------------------------------------------------------------------

    def registered_name(self, model: str) -> str:
        return f"{self.settings.dataset}.{model}"

    def versions_of_all(self) -> list[ModelVersion]:
        """Every version of the data set's models, by model, newest first."""
        client = self._client()
        return [v for model in self.models() for v in self._versions(client, model)]

    def models(self) -> list[str]:
        """The data set's registered models, by name."""
        return sorted(_registered(self._client(), self.settings.dataset))

    def with_alias(self, alias: str) -> list[ModelVersion]:
        """The version of each model that has this alias."""
        found = (self.find(model, alias) for model in self.models())
        return [version for version in found if version is not None]

    def versions(self, model: str) -> list[ModelVersion]:
        """Versions of one model, newest first; empty where there is none."""
        return self._versions(self._client(), model)

    def find(self, model: str, which: int | str) -> ModelVersion | None:
        """The version of that number or alias, or None."""
        client = self._client()
        registered = _registered(client, self.settings.dataset).get(model)
        if registered is None:
            return None
        aliases = _by_version(registered.aliases)
        number = which if isinstance(which, int) else next((n for n, a in aliases.items() if which in a), None)
        wanted = f"name = '{registered.name}' and version_number = {number}"
        stored = client.search_model_versions(wanted) if number else []
        return self._version(model, stored[0], client.get_run(stored[0].run_id), aliases) if stored else None

    def version(self, model: str, which: int | str) -> ModelVersion:
        """The version of that number or alias."""
        found = self.find(model, which)
        if found is None:
            known = [v.version for v in self.versions(model)]
            if not known:
                raise NotRegisteredError(
                    f"no model {model!r} is registered for {self.settings.dataset}; "
                    f"run `recsys materialize --dataset {self.settings.dataset}`"
                )
            raise RegistryError(
                f"{model} has no version {which!r} for {self.settings.dataset}; "
                f"versions are {', '.join(map(str, known))}"
            )
        return found

    def artifact(self, model: str, which: int | str, *, part: Part) -> Path:
        """The directory of a version's export."""
        version = self.version(model, which)
        root = self._client().get_run(version.run_id).info.artifact_uri
        path = Path(unquote(urlparse(root).path)) / "exports" / part
        if not path.is_dir():
            raise RegistryError(f"version {version.version} of {model} lacks its {part} export at {path}; retrain it")
        return path

    def document(self, version: ModelVersion, name: str) -> str:
        """A document kept with the version's run."""
        root = self._client().get_run(version.run_id).info.artifact_uri
        return (Path(unquote(urlparse(root).path)) / "documents" / name).read_text(encoding="utf-8")

    def batches_seen(self, version: ModelVersion) -> list[str]:
        """Batches of feedback that the version's training has read; none where it does not say."""
        try:
            batches: list[str] = json.loads(self.document(version, BATCHES_SEEN))
        except FileNotFoundError:
            return []
        return batches

    # -- helpers -----------------------------------------------------------------------------------------------

    def _client(self) -> MlflowClient:
        return open_store(self.settings)

    def _versions(self, client: MlflowClient, model: str) -> list[ModelVersion]:
        """Versions and their runs in one query each, not one a version: nightly retraining makes hundreds."""
        from mlflow.entities import ViewType

        registered = _registered(client, self.settings.dataset).get(model)
        if registered is None:
            return []
        found = client.search_model_versions(f"name = '{registered.name}'", max_results=MOST)
        experiment = client.get_experiment_by_name(experiment_name(self.settings))
        tagged = f"tags.`{MODEL_TAG}` = '{model}'"
        runs = client.search_runs([experiment.experiment_id], tagged, ViewType.ALL, max_results=MOST)
        run_of, aliases = {run.info.run_id: run for run in runs}, _by_version(registered.aliases)
        versions = [self._version(model, v, run_of[v.run_id], aliases) for v in found]
        return sorted(versions, key=lambda v: -v.version)

    def _version(self, model: str, stored: Any, run: Any, aliases: Mapping[int, list[str]]) -> ModelVersion:
        return ModelVersion(
            model=model,
            version=int(stored.version),
            aliases=tuple(sorted(aliases.get(int(stored.version), ()))),
            run_id=stored.run_id,
            metrics=dict(run.data.metrics),
            tags={k: v for k, v in (run.data.tags | stored.tags).items() if not k.startswith("mlflow.")},
            created_at=datetime.fromtimestamp(stored.creation_timestamp / 1000, UTC),
        )

    def _run_of(self, client: MlflowClient, record: RunRecord) -> str:
        """The MLflow run of this training: resumed by its tags, else new."""
        experiment = client.get_experiment_by_name(experiment_name(self.settings))
        if record.run_id:
            tagged = f"tags.`{RUN_TAG}` = '{record.run_id}' and tags.`{MODEL_TAG}` = '{record.model}'"
            runs = client.search_runs([experiment.experiment_id], tagged, max_results=1)
            if runs:
                return str(runs[0].info.run_id)
        run = client.create_run(
            experiment.experiment_id,
            run_name=record.model,
            tags={RUN_TAG: record.run_id, MODEL_TAG: record.model},
        )
        return str(run.info.run_id)

    def _log_facts(self, client: MlflowClient, run_id: str, record: RunRecord) -> None:
        """Everything but the model; what a killed try has left in the run is replaced."""
        from mlflow.entities import Metric, Param, RunTag

        now = int(datetime.now(UTC).timestamp() * 1000)
        metrics = [Metric(k, float(v), now, 0) for k, v in record.metrics.items()]
        params = [Param(k, json.dumps(v) if isinstance(v, dict | list) else str(v)) for k, v in record.config.items()]
        facts = {CONTENT_TAG: _content(record), "code_version": code_version(), **record.tags}
        client.log_batch(run_id, metrics=metrics, params=params, tags=[RunTag(k, v) for k, v in facts.items()])
        for name, points in record.series.items():
            drawn = [Metric(name, float(v), now, int(step)) for step, v in points if isfinite(v)]
            for start in range(0, len(drawn), MOST_METRICS):
                client.log_batch(run_id, metrics=drawn[start : start + MOST_METRICS])
        root = Path(unquote(urlparse(client.get_run(run_id).info.artifact_uri).path))
        (root / "plots").mkdir(parents=True, exist_ok=True)
        for name, png in record.figures.items():
            (root / "plots" / f"{name}.png").write_bytes(png)
        for name, text in record.documents.items():
            client.log_text(run_id, text, f"documents/{name}")
        for part, folder in (("holdout", record.holdout), ("serving", record.serving)):
            client.log_artifacts(run_id, str(folder), f"exports/{part}")

    def _register(self, client: MlflowClient, run_id: str, record: RunRecord) -> int:
        import mlflow
        from mlflow.models import ModelSignature
        from mlflow.types.schema import Array, ColSpec, DataType, Schema

        mlflow.set_tracking_uri(self.settings.mlflow_uri)
        mlflow.set_registry_uri(self.settings.mlflow_uri)
        with mlflow.start_run(run_id=run_id):
            logged = mlflow.pyfunc.log_model(
                name=record.model,
                python_model=str(Path(__file__).with_name("pyfunc_model.py")),
                artifacts={"serving": str(record.serving)},
                signature=ModelSignature(
                    inputs=Schema([ColSpec(DataType.long)]), outputs=Schema([ColSpec(Array(DataType.long))])
                ),
                pip_requirements=[f"{p}=={importlib.metadata.version(p)}" for p in REQUIREMENTS],
                input_example=[1],
            )
        name = self.registered_name(record.model)
        _create_model(client, name)
        created = client.create_model_version(name, logged.model_uri, run_id, model_id=logged.model_id)
        return int(created.version)


def _registered(client: MlflowClient, dataset: str) -> dict[str, RegisteredModel]:
    """The data set's registered models by our name. Matched here: MLflow's filters choke on a quote in a name."""
    prefix = f"{dataset}."
    found = client.search_registered_models(max_results=1000)
    return {m.name.removeprefix(prefix): m for m in found if m.name.startswith(prefix)}


def _create_model(client: MlflowClient, name: str) -> None:
    """Register the name once; another process may be doing so."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise


def _by_version(aliases: Mapping[str, str]) -> dict[int, list[str]]:
    """Alias -> version, turned round."""
    found: dict[int, list[str]] = {}
    for alias, number in aliases.items():
        found.setdefault(int(number), []).append(alias)
    return found


def _content(record: RunRecord) -> str:
    """Checksum of what the exports hold, whatever data they name."""
    from recsys_assets.recommenders.export import read_manifest

    manifests = [read_manifest(folder) for folder in (record.holdout, record.serving)]
    held = json.dumps([(m["config"], m["sha256"]) for m in manifests], sort_keys=True)
    return hashlib.sha256(held.encode()).hexdigest()[:16]
