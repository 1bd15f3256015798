"""What the graph asks of the tuner, each in one call: a profile, a tuner, a tuned configuration, and what models take.

data/tuner/<dataset>/{profile.json, policy.npz, tuned.json, decisions-<scenario>.json}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recsys_assets.atomic import atomic_file, write_text
from recsys_assets.loading.pipeline import PipelineConfig
from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.tuner.batch_size import published_sizes, scaled
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.deployed import deployed_workload, folder_of
from recsys_assets.tuner.evaluation.report import Contest, hold
from recsys_assets.tuner.evaluation.rivals import rivals
from recsys_assets.tuner.learned.guarded import Guarded
from recsys_assets.tuner.learned.policy import LearnedTuner
from recsys_assets.tuner.learned.training import TrainedTuner, TunerConfig, train_tuner
from recsys_assets.tuner.real.profile import PipelineProfile, profile
from recsys_assets.tuner.real.workload import LOCAL_DISK, OBJECT_STORE
from recsys_assets.tuner.reported import add_to_report
from recsys_assets.tuner.slow import published_slow
from recsys_assets.tuner.tuned import Tuning, publish_tuning, published, tune_live

PROFILED = (OBJECT_STORE, LOCAL_DISK)
STORAGE = {"memory": LOCAL_DISK, "local-disk": LOCAL_DISK, "object-store": OBJECT_STORE}
"""Scenario whose configuration is taken where training data are in `settings.training_storage`."""
FOLLOWED = {"row_groups": "chunk_users", "torch_threads": "torch_threads"}
"""Slow knob of a name in `PipelineConfig.follow`."""


def publish_profile(settings: Settings, *, seconds: float, progress: Progress = silent) -> list[PipelineProfile]:
    """Of the ratings published last, from the emulated object store and from this disk."""
    work = deployed_workload(settings)
    found = [profile(work, scenario, seconds=seconds, progress=progress) for scenario in PROFILED]
    write_text(folder_of(settings) / "profile.json", json.dumps([asdict(p) for p in found], indent=1))
    return found


@dataclass(frozen=True)
class PublishedTuner:
    """What was trained, how it did beside its rivals on a few simulated pipelines, and where it is."""

    trained: TrainedTuner
    contests: list[Contest]
    path: Path


def policy_path(settings: Settings) -> Path:
    return folder_of(settings) / "policy.npz"


def publish_tuner(
    settings: Settings, config: TunerConfig | None = None, *, pipelines: int = 64, progress: Progress = silent
) -> PublishedTuner:
    """Train on simulated pipelines; the comparison is one of a look, its full size is `recsys tuner simulated`."""
    trained, path = train_tuner(config, seed=settings.seed, progress=progress), policy_path(settings)
    with atomic_file(path) as aside:
        trained.tuner.save(aside)
    contests = hold([Guarded(trained.tuner)], rivals(search=False), pipelines=pipelines, progress=progress)
    add_to_report(settings, "contests", {contest.title: contest.rows() for contest in contests})
    return PublishedTuner(trained, contests, path)


def deployed_tuner(settings: Settings) -> Controller:
    """The learned tuner, watched; where none was trained yet, the fitted model that it would start as."""
    path = policy_path(settings)
    return Guarded(LearnedTuner.load(path)) if path.exists() else Shielded(ModelBased())


def publish_tuned(settings: Settings, *, decisions: int, interval: float, progress: Progress = silent) -> list[Tuning]:
    """Tune the real pipeline of each scenario, live, and keep what it came to."""
    work = deployed_workload(settings)
    found = [
        tune_live(work, scenario, deployed_tuner(settings), decisions=decisions, interval=interval, progress=progress)
        for scenario in PROFILED
    ]
    publish_tuning(settings, found)
    return found


def with_tuned_pipeline(settings: Settings, config: Mapping[str, Any], *, model: str = "") -> dict[str, Any]:
    """The config of a model that is trained through a pipeline, with the tuned workers where there are any.

    Only what changes the speed is set, and only where the config leaves it as it is by default. Data in memory stay
    there: batches are then those of the default byte for byte. What changes more is taken where `pipeline.follow`
    names it; the batch size that was found for `model`, with what goes with it.
    """
    asked = dict(config.get("pipeline") or {})
    left = PipelineConfig.model_validate(asked)
    default = PipelineConfig()
    if any(getattr(left, name) != getattr(default, name) for name in ("engine", "stages", "source", "store_latency")):
        return dict(config)
    stored = tuned_workers(settings)
    if slow := published_slow(settings).get(settings.training_storage):
        followed = [FOLLOWED[name] for name in left.follow if name in FOLLOWED]
        stored |= slow.taken("speed") | slow.taken("model", followed)
    found = {**config, "pipeline": {**asked, **stored}} if stored else dict(config)
    sizes = published_sizes(settings).get(model) if "batch_size" in left.follow else None
    return scaled(model, found, sizes.chosen.size, sizes.scaling) if sizes else found


def tuned_workers(settings: Settings) -> dict[str, Any]:
    """Fields of a pipeline: where it reads from, and the workers that were found for that."""
    stored = {} if settings.training_storage == "memory" else storage_fields(settings)
    tuned = published(settings).get(STORAGE[settings.training_storage].name)
    if tuned is not None and tuned.worth_it:
        stored |= {"engine": "streaming", "stages": list(tuned.stages), "prefetch": tuned.prefetch}
    return stored


def with_tuned_vectors(settings: Settings, config: Mapping[str, Any]) -> dict[str, Any]:
    """The config of an agent whose vectors of movies are fitted through the pipeline, likewise."""
    sequence = dict(config.get("sequence") or {})
    fit = with_tuned_pipeline(settings, sequence.get("fit") or {}, model=str(sequence.get("model", "")))
    return {**config, "sequence": {**sequence, "fit": fit}} if fit else dict(config)


def tuned_sentence(settings: Settings) -> str:
    """What the tuner came to where this deployment keeps its training data."""
    scenario = STORAGE[settings.training_storage].name
    found = published(settings).get(scenario)
    if found is None:
        return "nothing was tuned yet: `tuned_pipeline_config` does that"
    return f"training data in {settings.training_storage}, tuned as {found.sentence}"


def storage_fields(settings: Settings) -> dict[str, Any]:
    """How a pipeline reads from where the deployment keeps its training data."""
    return {
        "engine": "streaming",
        "source": "snapshot",
        "store_latency": STORAGE[settings.training_storage].latency,
    }
