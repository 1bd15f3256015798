"""The batch size, a track of its own: it changes what is learned, so validation NDCG is watched beside the speed.

Each size trains for the same epochs, and so the same examples, from the same seeds. With k = size / the model's own:

    learning rate * sqrt(k), warm-up steps / k, averaging ** k

The square root is the rule for Adam (Malladi et al., NeurIPS 2022, arXiv 2205.10287), the power that for a running
average of weights (Busbridge et al., NeurIPS 2023, arXiv 2307.13813); warm-up then lasts for as many examples.
Chosen is the fastest size that is within one standard error (over seeds, paired) of the best: the one-standard-error
rule of Breiman et al. (1984). While NDCG still rises by more than 5 % an epoch, nothing can be told of where sizes end,
and the model's own stays. Training sees the temporal training part alone, NDCG@10 is of each user's last movie in
it; neither the validation nor the test part is looked at. It is a suggestion: a config follows it where it says so.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from recsys_assets.atomic import write_text
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.models import build, config_class
from recsys_assets.recommenders.sequence.config import SequenceConfig
from recsys_assets.recommenders.sequence.model import SequenceRecommender
from recsys_assets.settings import Settings
from recsys_assets.tuner.deployed import folder_of
from recsys_assets.warehouse.lake import Lake

Scaling = Literal["sqrt", "none"]
SIZES = (16, 64, 128, 256, 512, 1024)
RISING = 0.05
"""Gain of NDCG in the last epoch above which training was too short."""


class BatchSizeError(ValueError):
    """A model whose batches have no size, or sizes that say nothing."""


@dataclass(frozen=True)
class SizeRun:
    """One training."""

    size: int
    seed: int
    learning_rate: float
    steps: int
    ndcg: float
    """NDCG@10 of users' last movies after the last epoch."""
    epoch_seconds: float
    """Of steps and waiting, without validation."""
    epoch_cpu_seconds: float
    targets_per_second: float
    """Events learned from a second."""
    stall: float
    before: float = 0.0
    """NDCG@10 one epoch earlier."""


@dataclass(frozen=True)
class SizeRow:
    """One size, over its seeds."""

    size: int
    learning_rate: float
    steps: int
    ndcg: float
    behind: float
    """Mean NDCG that it is behind the best size, over seeds."""
    error: float
    """Standard error of `behind`."""
    epoch_seconds: float
    """The least of its seeds: others on the machine only ever add to it."""
    epoch_cpu_seconds: float
    targets_per_second: float

    @property
    def within_noise(self) -> bool:
        return self.behind <= self.error


@dataclass(frozen=True)
class BatchSizes:
    """Of one model on one data set."""

    model: str
    dataset: str
    own: int
    """The size that the model has by its defaults."""
    epochs: int
    scaling: Scaling
    runs: tuple[SizeRun, ...]

    @property
    def rows(self) -> tuple[SizeRow, ...]:
        """By size."""
        of = {size: [r for r in self.runs if r.size == size] for size in sorted({r.size for r in self.runs})}
        ndcg = {size: np.array([r.ndcg for r in runs]) for size, runs in of.items()}
        best = max(ndcg, key=lambda size: float(ndcg[size].mean()))
        return tuple(_row(runs, ndcg[best] - ndcg[size]) for size, runs in of.items())

    @property
    def rising(self) -> float:
        """Share by which NDCG rose in the last epoch, of the size that rose most."""
        sizes = {r.size for r in self.runs}
        mean = {s: np.mean([(r.before, r.ndcg) for r in self.runs if r.size == s], axis=0) for s in sizes}
        return float(max(now / max(before, 1e-9) - 1 for before, now in mean.values()))

    @property
    def chosen(self) -> SizeRow:
        """The fastest that is as good as the best, but for noise; the model's own where training was too short."""
        own = [r for r in self.rows if r.size == self.own]
        if self.rising > RISING and own:
            return own[0]
        return min((r for r in self.rows if r.within_noise), key=lambda r: r.epoch_seconds)

    @property
    def sentence(self) -> str:
        rows = {r.size: r for r in self.rows}
        c, own = self.chosen, rows.get(self.own)
        if own is not None and self.rising > RISING:
            return (
                f"{self.model}: batches of {c.size} stay: NDCG@10 still rose by more than {RISING:.0%} in the last of "
                f"{self.epochs} epochs, train for longer (--epochs)"
            )
        if own is None or c.size == self.own:
            return f"{self.model}: batches of {c.size} stay" if own else f"{self.model}: batches of {c.size}"
        return (
            f"{self.model}: batches of {c.size} instead of {self.own} are {own.epoch_seconds / c.epoch_seconds:.2f} x "
            f"as fast, NDCG@10 {c.ndcg:.4f} against {own.ndcg:.4f}"
        )


def compare_batch_sizes(
    settings: Settings,
    model: str,
    *,
    sizes: Sequence[int] = SIZES,
    seeds: int = 3,
    epochs: int = 10,
    scaling: Scaling = "sqrt",
    fields: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> BatchSizes:
    """Train each size with each seed, sizes in turn within a seed, and publish the suggestion.

    `fields`: settings of the model that differ from its defaults. Raises BatchSizeError, LakeError.
    """
    own = _config(model, fields).pipeline.batch_size
    if seeds < 2 or not sizes or min(sizes) < 1:
        raise BatchSizeError("at least two seeds, and sizes of at least 1: without a spread nothing is within noise")
    splits, catalogue = Lake(settings.lake_dir).read("splits"), Lake(settings.lake_dir).read("catalogue")
    known = splits.filter(pl.col("temporal").cast(pl.String) == "train")
    runs = []
    for seed in range(settings.seed, settings.seed + seeds):
        for size in sizes:
            asked = scaled(model, fields or {}, size, scaling) | {"epochs": epochs, "patience": epochs}
            run = _trained(model, asked, known, catalogue, size, seed)
            runs.append(run)
            progress(
                f"{model}, {size} a batch, seed {seed}: NDCG@10 {run.ndcg:.4f}, {run.epoch_seconds:.1f} s an epoch "
                f"({run.epoch_cpu_seconds:.1f} of CPU), {run.targets_per_second:,.0f} ratings a second"
            )
    found = BatchSizes(model, settings.dataset, own, epochs, scaling, tuple(runs))
    publish_sizes(settings, found)
    return found


def scaled(model: str, fields: Mapping[str, Any], size: int, scaling: Scaling = "sqrt") -> dict[str, Any]:
    """The config of a model with batches of `size`, and what has to go with that."""
    config = _config(model, fields)
    k = size / config.pipeline.batch_size
    changed: dict[str, Any] = {"pipeline": {**(fields.get("pipeline") or {}), "batch_size": size}}
    if scaling == "sqrt":
        changed |= {
            "learning_rate": config.learning_rate * math.sqrt(k),
            "warmup_steps": max(1, round(config.warmup_steps / k)) if config.warmup_steps else 0,
            "averaging": config.averaging**k,
        }
    return {**fields, **changed}


def sizes_path(settings: Settings) -> Path:
    return folder_of(settings) / "batch_sizes.json"


def publish_sizes(settings: Settings, found: BatchSizes) -> None:
    """Beside those of other models."""
    stored = {name: asdict(of) for name, of in published_sizes(settings).items()} | {found.model: asdict(found)}
    write_text(sizes_path(settings), json.dumps(stored, indent=1))


def published_sizes(settings: Settings) -> dict[str, BatchSizes]:
    """By model; empty where none was compared."""
    path = sizes_path(settings)
    if not path.exists():
        return {}
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {name: BatchSizes(**{**of, "runs": tuple(SizeRun(**r) for r in of["runs"])}) for name, of in stored.items()}


def _config(model: str, fields: Mapping[str, Any] | None) -> SequenceConfig:
    kind = config_class(model)
    if not issubclass(kind, SequenceConfig):
        raise BatchSizeError(f"{model} is no sequence model: its training has no batches that a pipeline makes")
    return kind.model_validate(dict(fields or {}))


def _trained(
    model: str, fields: Mapping[str, Any], known: pl.DataFrame, catalogue: pl.DataFrame, size: int, seed: int
) -> SizeRun:
    fitted = build(model, {**fields, "refit": "none"})
    fitted.fit(known.select("user_id", "movie_id", "rating", "timestamp"), catalogue, seed=seed)
    assert isinstance(fitted, SequenceRecommender)
    assert fitted.fed is not None
    epochs, fed = len(fitted.curves.validation_ndcg), fitted.fed
    targets = int((np.maximum(fitted.histories.lengths - 1, 0)).sum())
    return SizeRun(
        size,
        seed,
        fitted.config.learning_rate,
        fed.batches,
        float(fitted.curves.validation_ndcg[-1]),
        fed.seconds / epochs,
        fed.cpu / epochs,
        targets * epochs / fed.seconds,
        fed.stall,
        float(fitted.curves.validation_ndcg[-2]) if epochs > 1 else 0.0,
    )


def _row(runs: list[SizeRun], behind: np.ndarray) -> SizeRow:
    fastest = min(runs, key=lambda r: r.epoch_seconds)
    error = float(behind.std(ddof=1) / math.sqrt(len(behind)))
    return SizeRow(
        runs[0].size,
        runs[0].learning_rate,
        runs[0].steps,
        float(np.mean([r.ndcg for r in runs])),
        float(behind.mean()),
        error,
        fastest.epoch_seconds,
        min(r.epoch_cpu_seconds for r in runs),
        fastest.targets_per_second,
    )


def sizes_markdown(found: BatchSizes) -> str:
    """A row a size."""
    lines = [
        "| windows a batch | learning rate | steps | validation NDCG@10 | behind the best (s.e.) | s an epoch | "
        "CPU s | ratings/s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in found.rows:
        name = f"**{r.size}**" if r.size == found.chosen.size else str(r.size)
        own = " (its own)" if r.size == found.own else ""
        lines.append(
            f"| {name}{own} | {r.learning_rate:.4f} | {r.steps} | {r.ndcg:.4f} | {r.behind:.4f} ({r.error:.4f}) | "
            f"{r.epoch_seconds:.1f} | {r.epoch_cpu_seconds:.1f} | {r.targets_per_second:,.0f} |"
        )
    seeds = len({r.seed for r in found.runs})
    rule = "scaled by the square root of the size" if found.scaling == "sqrt" else "not scaled"
    lines += ["", f"{found.sentence}. {found.epochs} epochs, {seeds} seeds, learning rate {rule}."]
    return "\n".join(lines)
