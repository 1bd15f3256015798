"""Train a DQN from nothing on a deployment's published data, and leave what came of it in its folders."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from recsys_assets.agents.evaluation.publish import deployed_setting
from recsys_assets.agents.from_scratch.config import Environment, ScratchConfig
from recsys_assets.agents.from_scratch.training import ScratchResult, train_from_scratch
from recsys_assets.agents.sequence_features import SequenceFeatures, with_sequence_features
from recsys_assets.atomic import atomic_file, write_text
from recsys_assets.evaluation.canvas import png_bytes
from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings


@dataclass(frozen=True)
class PublishedTraining:
    """The result, and where its network, its figures and its picture are."""

    result: ScratchResult
    network: Path
    figures: Path
    picture: Path


def train_deployed(
    settings: Settings,
    environment: Environment,
    config: ScratchConfig | None = None,
    sequence: SequenceFeatures | None = None,
    *,
    progress: Progress = silent,
) -> PublishedTraining:
    """Where a state shows movies (`LoggedSession-v0`), they are what a sequence model of training users makes them."""
    setting = deployed_setting(settings, progress=progress)
    if environment == "LoggedSession-v0":
        setting = with_sequence_features(setting, sequence)
    result = train_from_scratch(environment, setting, config, seed=settings.seed, progress=progress)
    folder = settings.reports_dir / settings.dataset
    network = settings.models_dir / "agents" / settings.dataset / f"{environment}.npz"
    figures, picture = folder / f"dqn-{environment}.json", folder / f"dqn-{environment}.png"
    with atomic_file(network) as aside, aside.open("wb") as handle:
        np.savez(handle, allow_pickle=False, **result.arrays)
    write_text(figures, json.dumps(_told(result), indent=1))
    with atomic_file(picture) as aside:
        aside.write_bytes(png_bytes(result.figure()))
    return PublishedTraining(result, network, figures, picture)


def _told(result: ScratchResult) -> dict[str, Any]:
    """All but the network, as JSON has it: what is not finite is null."""
    told = {name: value for name, value in asdict(result).items() if name not in ("arrays", "looks")}
    looks = [{k: v if isfinite(v) else None for k, v in asdict(look).items()} for look in result.looks]
    return told | {"looks": looks, "sentence": result.sentence}
