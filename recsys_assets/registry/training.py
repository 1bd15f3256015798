"""Train a model on the published data and register it: what each model asset is a shell around."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_assets.evaluation.canvas import markdown_image, png_bytes
from recsys_assets.evaluation.model_figures import (
    model_figures,
    training_feeding,
    training_notes,
    training_series,
)
from recsys_assets.evaluation.plots import ranking_figure
from recsys_assets.evaluation.results import Evaluation
from recsys_assets.evaluation.training import PROTOCOLS, Trained, train
from recsys_assets.feedback.training_data import TrainingFeedback, training_feedback
from recsys_assets.loading.feeding import Feeding
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders import build, config_class
from recsys_assets.registry.records import ModelVersion, RunRecord
from recsys_assets.registry.registry import BATCHES_SEEN, Registry
from recsys_assets.registry.upstream import upstream_of
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.snapshot import current_snapshot


@dataclass(frozen=True)
class TrainedVersion:
    """A registered challenger and what is known of it."""

    version: ModelVersion
    evaluation: Evaluation
    feedback: TrainingFeedback
    """What it has seen of it."""
    plots_markdown: dict[str, str]
    """Title -> picture."""
    lineage: dict[str, str]
    """What it is made of: name -> version."""
    notes: dict[str, str]
    """How its training went, of models that tell."""
    feeding: Feeding | None = None
    """How it was fed, of models that train through the pipeline."""


def train_and_register(
    settings: Settings,
    model: str,
    *,
    config: Mapping[str, Any] | None = None,
    run_id: str = "",
    progress: Progress = silent,
) -> TrainedVersion:
    """Fit, evaluate and register `model` as challenger on the data, splits and feedback published last.

    A run id that has registered already is resumed, not repeated as a second MLflow run.
    """
    lake, registry = Lake(settings.lake_dir), Registry(settings)
    snapshot, split_snapshot = current_snapshot(lake), lake.snapshot("splits")
    splits = lake.read("splits")
    feedback = training_feedback(lake, splits)
    if feedback.events:
        progress(f"{model}: {len(feedback.ratings):,} ratings of {feedback.events:,} events of feedback join")
    lineage = {
        "dataset": settings.dataset,
        "data_version": snapshot.version,
        "ratings_version": snapshot.tables["ratings"],
        "feature_version": snapshot.tables["catalogue"],
        "split_version": split_snapshot.version,
        "feedback_version": feedback.version,
        "feedback_events": str(feedback.events),
        "feedback_ratings": str(len(feedback.ratings)),
    }
    fields = _resumable(settings, model, config) | _to_go_on_from(registry, model, config)
    upstream = upstream_of(registry, model, fields, lineage=lineage)
    if upstream:
        fields["published"] = [str(export) for found in upstream for export in found.exports]
        lineage |= {tag: value for found in upstream for tag, value in found.tags().items()}
    trained = train(
        model,
        lambda: build(model, fields),
        splits,
        lake.read("catalogue"),
        people=lake.read("users") if "users" in snapshot.tables else None,
        feedback=feedback,
        seed=settings.seed,
        dataset=settings.dataset,
        data_version=snapshot.version,
        split_version=split_snapshot.version,
        protocols=("temporal",) if "champion" in fields else PROTOCOLS,  # an update is to be quick
        progress=progress,
    )
    figures = {"quality": ranking_figure(trained.evaluation), **model_figures(trained.serving)}
    progress(f"{model}: registering")
    with tempfile.TemporaryDirectory(prefix="recsys-") as folder:
        pngs = {name: png_bytes(f) for name, f in figures.items()}
        version = registry.record(_record(trained, lineage, feedback, run_id, Path(folder), pngs))
    pictures = {name: markdown_image(figure) for name, figure in figures.items()}
    notes, fed = training_notes(trained.serving), training_feeding(trained.serving)
    return TrainedVersion(version, trained.evaluation, feedback, pictures, lineage, notes, fed)


def _resumable(settings: Settings, model: str, config: Mapping[str, Any] | None) -> dict[str, Any]:
    """The config of a model that can go on after it was killed names the folder in which it keeps its state."""
    keeps_state = "checkpoints" in config_class(model).model_fields
    folder = {"checkpoints": str(settings.models_dir / "checkpoints" / settings.dataset)} if keeps_state else {}
    return folder | dict(config or {})


def _to_go_on_from(registry: Registry, model: str, config: Mapping[str, Any] | None) -> dict[str, Any]:
    """Exports of the champion, for a model that is asked to start from it and can; none where there is none yet."""
    champion = registry.find(model, "champion")
    if (config or {}).get("start") != "champion" or champion is None:
        return {}
    return {"champion": [str(registry.artifact(model, champion.version, part=p)) for p in ("holdout", "serving")]}


def _record(
    trained: Trained,
    lineage: dict[str, str],
    feedback: TrainingFeedback,
    run_id: str,
    folder: Path,
    figures: dict[str, bytes],
) -> RunRecord:
    trained.holdout.save(folder / "holdout", extra=lineage)
    trained.serving.save(folder / "serving", extra=lineage)
    return RunRecord(
        model=trained.evaluation.model,
        run_id=run_id,
        config=trained.evaluation.config,
        metrics=trained.evaluation.metrics(),
        tags=lineage | training_notes(trained.serving),
        figures=figures,
        documents={"evaluation.json": trained.evaluation.to_json(), BATCHES_SEEN: json.dumps(feedback.batches)},
        holdout=folder / "holdout",
        serving=folder / "serving",
        series=training_series(trained.serving),
    )
