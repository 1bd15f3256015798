"""Searches for settings in MLflow: a parent run a search, a run inside it a trial; and the search itself, resumed.

The journal is `models/tuning/<dataset>/<model>-<objective>-<key>.jsonl`; its key changes with bounds, seed and splits,
so that a search never goes on over other data. MLflow holds the same trials to be looked at, and the pictures.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from recsys_assets.atomic import write_text
from recsys_assets.evaluation.canvas import png_bytes
from recsys_assets.evaluation.objectives import ObjectiveName, objective_of
from recsys_assets.evaluation.published import Published
from recsys_assets.evaluation.tuning import Search, TriedSettings, search, space_key
from recsys_assets.evaluation.tuning_plots import history_of_search, importance_of_fields
from recsys_assets.recommenders.search_spaces import search_space
from recsys_assets.registry.bootstrap import experiment_name, open_store
from recsys_assets.registry.code_version import code_version
from recsys_assets.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

STUDY_TAG, TRIAL_TAG, PARENT_TAG = "study", "trial", "mlflow.parentRunId"
MOST = 10_000
"""Trials of one search that are looked at."""


@dataclass(frozen=True)
class Tuned:
    """A search, and where it was written."""

    search: Search
    run_id: str
    """MLflow's, of the parent."""
    report: Path
    """`data/reports/<dataset>/tuning/<model>.json`."""


def tune(
    settings: Settings,
    model: str,
    objective: ObjectiveName,
    *,
    trials: int,
    timeout: float | None = None,
    seed: int | None = None,
    told: Callable[[TriedSettings], object] = lambda tried: None,
) -> Tuned:
    """Search settings of `model` on the published data; what an earlier call with the same arguments tried is kept."""
    seed = settings.seed if seed is None else seed
    space, data = search_space(model), Published.of(settings)
    key = space_key(space, seed=seed, split_version=data.split_version)
    name = f"{model}-{objective}-{key}"
    tags = {
        "model": model,
        "objective": objective,
        "seed": str(seed),
        "dataset": settings.dataset,
        "data_version": data.data_version,
        "split_version": data.split_version,
        "code_version": code_version(),
    }
    log = StudyLog.open(settings, name, tags)

    def heard(tried: TriedSettings) -> None:
        log.trial(tried)
        told(tried)

    found = search(
        model,
        objective_of(objective, data, seed=seed),
        space,
        settings.models_dir / "tuning" / settings.dataset / f"{name}.jsonl",
        trials=trials,
        timeout=timeout,
        seed=seed,
        told=heard,
    )
    log.finish(found)
    return Tuned(found, log.run_id, _write_report(settings, found, tags, log.run_id))


class StudyLog:
    """The MLflow runs of one search."""

    def __init__(self, client: MlflowClient, experiment: str, run_id: str, logged: set[int]) -> None:
        self.client, self.experiment, self.run_id, self.logged = client, experiment, run_id, logged

    @classmethod
    def open(cls, settings: Settings, study: str, tags: dict[str, str]) -> StudyLog:
        """The parent run of that name, with what it holds already; a new one where there is none."""
        client = open_store(settings)
        experiment = _experiment(client, settings)
        found = client.search_runs([experiment], f"tags.{STUDY_TAG} = '{study}'", max_results=1)
        if found:
            run_id = found[0].info.run_id
            held = client.search_runs([experiment], f"tags.`{PARENT_TAG}` = '{run_id}'", max_results=MOST)
            logged = {int(r.data.tags[TRIAL_TAG]) for r in held if r.info.status in ("FINISHED", "FAILED")}
            return cls(client, experiment, run_id, logged)
        run = client.create_run(experiment, run_name=f"tune {tags['model']}", tags={STUDY_TAG: study, **tags})
        return cls(client, experiment, run.info.run_id, set())

    def trial(self, tried: TriedSettings) -> None:
        """A run inside the parent; one that was logged before is not logged again."""
        if tried.number in self.logged:
            return
        from mlflow.entities import Metric, Param

        tags = {PARENT_TAG: self.run_id, TRIAL_TAG: str(tried.number), "failure": tried.failure or ""}
        run = self.client.create_run(self.experiment, run_name=f"trial {tried.number}", tags=tags)
        now = int(datetime.now(UTC).timestamp() * 1000)
        figures = {"cpu_seconds": tried.cpu_seconds} | ({} if tried.value is None else {"value": tried.value})
        self.client.log_batch(
            run.info.run_id,
            metrics=[Metric(k, float(v), now, 0) for k, v in figures.items()],
            params=[Param(k, str(v)) for k, v in tried.params.items()],
        )
        self.client.set_terminated(run.info.run_id, "FINISHED" if tried.failure is None else "FAILED")
        self.logged.add(tried.number)

    def finish(self, found: Search) -> None:
        """The best settings, the value of every trial as a curve, and the pictures, on the parent run."""
        from mlflow.entities import Metric, RunTag

        now = int(datetime.now(UTC).timestamp() * 1000)
        curve = [Metric("value", t.value, now, t.number) for t in found.trials if t.value is not None]
        curve.append(Metric("best", float(found.best.value or 0.0), now, len(found.trials)))
        best = RunTag("best_config", json.dumps(found.config))
        for start in range(0, len(curve), 900):  # MLflow takes 1,000 at once
            self.client.log_batch(self.run_id, metrics=curve[start : start + 900], tags=[best])
        pictures = {"history": history_of_search(found)}
        if found.importance:
            pictures["importance"] = importance_of_fields(found)
        root = Path(unquote(urlparse(self.client.get_run(self.run_id).info.artifact_uri).path))
        (root / "plots").mkdir(parents=True, exist_ok=True)
        for name, figure in pictures.items():
            (root / "plots" / f"{name}.png").write_bytes(png_bytes(figure))
        self.client.set_terminated(self.run_id)


def report_path(settings: Settings, model: str) -> Path:
    return settings.reports_dir / settings.dataset / "tuning" / f"{model}.json"


def _write_report(settings: Settings, found: Search, tags: dict[str, str], run_id: str) -> Path:
    document: dict[str, Any] = {
        **tags,
        "metric": found.metric,
        "direction": found.direction,
        "default_value": found.default.value,
        "best_value": found.best.value,
        "best_trial": found.best.number,
        "changed": found.changed,
        "config": found.config,
        "importance": found.importance,
        "cpu_seconds": sum(t.cpu_seconds for t in found.trials),
        "mlflow_run_id": run_id,
        "trials": [asdict(t) for t in found.trials],
    }
    path = report_path(settings, found.model)
    write_text(path, json.dumps(document, indent=1))
    return path


def _experiment(client: MlflowClient, settings: Settings) -> str:
    """An experiment of its own, so that trials do not stand among the trainings."""
    name = f"{experiment_name(settings)}/tuning"
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    where = (settings.mlflow_artifacts / settings.dataset / "tuning").as_uri()
    return str(client.create_experiment(name, artifact_location=where))
