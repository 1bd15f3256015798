"""The slow knobs, in an outer search: what cannot be changed while a pipeline runs, and so is tried run by run.

Row-group size, read-ahead over epochs, row groups in flight, threads of Arrow and of torch; workers and prefetching
stay as they were tuned. The objective is what counts in the end: ratings learned from a second, by a real model that
trains. Successive halving (Jamieson and Talwalkar, AISTATS 2016): all settings for a short while, the better half for
twice as long, until one is left beside the default; those two meet in pairs (`judged`), and only a gain beyond chance
of at least 5 % is taken.

From memory there is no storage to be slow, so only torch's threads are tried. DuckDB reads tables for ingest and
splits, not batches: its threads (`RECSYS_DUCKDB_THREADS`) are no knob of this pipeline.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl

from recsys_assets.atomic import write_text
from recsys_assets.loading.pipeline import PipelineConfig
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import TrainingData
from recsys_assets.recommenders.models import build
from recsys_assets.recommenders.sequence.model import SequenceRecommender
from recsys_assets.settings import Settings
from recsys_assets.tuner.deployed import folder_of
from recsys_assets.tuner.judged import Verdict, measured_pairs, verdict
from recsys_assets.tuner.real.probe import cores_at_hand, machine_load
from recsys_assets.warehouse.lake import Lake

SHARE_OF_PAIRS = 0.5
"""Of the seconds, for the last two."""
UNCHANGED = "as it is"
Kind = Literal["speed", "model"]
KINDS: dict[str, Kind] = {
    "in_flight": "speed",
    "read_ahead": "speed",
    "arrow_threads": "speed",
    "chunk_users": "model",
    "torch_threads": "model",
}
"""Whether a knob changes the speed alone, or also the order or the rounding of what is learned: then only a config that
follows it takes it."""


@dataclass(frozen=True)
class Rate:
    """One training for a while. `batches_per_second` is by its name what `judged` compares: here ratings a second."""

    batches_per_second: float
    foreign: float


@dataclass(frozen=True)
class Try:
    """One line of the log."""

    rung: int
    setting: str
    ratings_per_second: float
    foreign: float
    kept: bool
    """Whether it went on to the next rung."""


@dataclass(frozen=True)
class SlowTuning:
    """What came of the search."""

    model: str
    storage: str
    changed: dict[str, int]
    """Knobs of the winner that differ from the default; to be taken only where `worth_it`."""
    worth_it: bool
    reason: str
    log: tuple[Try, ...] = field(default=())

    @property
    def sentence(self) -> str:
        return f"slow knobs ({self.model}, data in {self.storage}): {named(self.changed)}: {self.reason}"

    def taken(self, kind: Kind, names: Sequence[str] | None = None) -> dict[str, int]:
        """What a pipeline takes of it: knobs of a kind, and of these only `names` where given."""
        found = self.changed if self.worth_it else {}
        return {k: v for k, v in found.items() if KINDS[k] == kind and (names is None or k in names)}


Measure = Callable[[dict[str, int], float], Rate]
"""(knobs that differ from the default, seconds) -> rate."""


def candidates(own: PipelineConfig, *, cores: int, threads: int) -> list[dict[str, int]]:
    """One knob at a time, both ways where there are two, and the pair that helps against a slow store together.

    `threads`: of torch by default, which is no other setting.
    """
    torch = [{"torch_threads": n} for n in sorted({1, cores} - {threads})]
    if own.source == "memory":
        return torch
    users, ahead = own.chunk_users, max(own.stages[0], 4)
    found = [
        {"chunk_users": max(1, users // 4)},
        {"chunk_users": 4 * users},
        {"read_ahead": ahead},
        {"in_flight": 64},
        {"read_ahead": ahead, "chunk_users": max(1, users // 4)},
        {"read_ahead": ahead, "in_flight": 64},
    ]
    return [*found, *([{"arrow_threads": cores}] if cores > 1 else []), *torch]


def search(
    measure: Measure, tried: Sequence[dict[str, int]], *, seconds: float, progress: Progress = silent
) -> tuple[dict[str, int], Verdict, list[Try]]:
    """The best of `tried` against the default, within about `seconds`; and how it came to that."""
    log: list[Try] = []
    left, rung = list(tried), 0
    rungs = max(1, (len(left) - 1).bit_length())
    each = (1 - SHARE_OF_PAIRS) * seconds / rungs
    while left and (rung == 0 or len(left) > 1):
        rates = [measure(knobs, each / len(left)) for knobs in left]
        order = sorted(range(len(left)), key=lambda i: -rates[i].batches_per_second)
        kept = set(order[: max(1, len(left) // 2)])
        for i, (knobs, rate) in enumerate(zip(left, rates, strict=True)):
            log.append(Try(rung, named(knobs), rate.batches_per_second, rate.foreign, i in kept))
            progress(f"slow knobs, round {rung + 1}: {named(knobs)}: {rate.batches_per_second:,.0f} ratings a second")
        left, rung = [left[i] for i in order if i in kept], rung + 1
    best = left[0]
    turn = SHARE_OF_PAIRS * seconds / 12
    pairs = measured_pairs(lambda knobs: measure(knobs, turn), {}, best, seconds=SHARE_OF_PAIRS * seconds)
    for default, other in pairs:
        log.append(Try(rung, UNCHANGED, default.batches_per_second, default.foreign, True))
        log.append(Try(rung, named(best), other.batches_per_second, other.foreign, True))
    return best, verdict(pairs), log


def tune_slow(
    settings: Settings,
    own: PipelineConfig,
    *,
    model: str = "sasrec",
    seconds: float = 30.0,
    progress: Progress = silent,
) -> SlowTuning:
    """On the ratings published last, by a model that trains; published for those who follow. `own`: the default."""
    import torch

    trained = build(model)
    if not isinstance(trained, SequenceRecommender):
        raise ValueError(f"{model} is no sequence model: no pipeline feeds its training")
    sequences = trained.made_ready(_training_data(settings))

    def measure(knobs: dict[str, int], wanted: float) -> Rate:
        before, began = machine_load(), time.perf_counter()
        rate = trained.ratings_per_second(sequences, own.model_copy(update=knobs), seconds=wanted)
        after, took = machine_load(), time.perf_counter() - began
        foreign = (after.all - before.all - (after.own - before.own)) / took
        return Rate(rate, max(0.0, foreign))

    tried = candidates(own, cores=cores_at_hand(), threads=torch.get_num_threads())
    storage = "memory" if own.source == "memory" else settings.training_storage
    if tried:
        best, found, log = search(measure, tried, seconds=seconds, progress=progress)
        tuning = SlowTuning(model, storage, best, found.worth_it, found.reason, tuple(log))
    else:
        tuning = SlowTuning(model, storage, {}, False, "there is no other setting to try")
    progress(tuning.sentence)
    publish_slow(settings, tuning)
    return tuning


def named(knobs: dict[str, int]) -> str:
    """In words."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in knobs.items()) or UNCHANGED


def slow_path(settings: Settings) -> Path:
    return folder_of(settings) / "slow.json"


def publish_slow(settings: Settings, found: SlowTuning) -> None:
    """Beside that of other storages."""
    stored = {name: asdict(of) for name, of in published_slow(settings).items()} | {found.storage: asdict(found)}
    write_text(slow_path(settings), json.dumps(stored, indent=1))


def published_slow(settings: Settings) -> dict[str, SlowTuning]:
    """By storage; empty where nothing was searched."""
    path = slow_path(settings)
    if not path.exists():
        return {}
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {name: SlowTuning(**{**of, "log": tuple(Try(**t) for t in of["log"])}) for name, of in stored.items()}


def slow_markdown(found: SlowTuning) -> str:
    """Every try, round by round."""
    lines = [
        f"### Slow knobs, {found.storage}",
        "",
        f"{found.sentence}.",
        "",
        "| round | tried | ratings/s | others, cores | went on |",
        "|---|---|---|---|---|",
    ]
    tries = [
        f"| {t.rung + 1} | {t.setting} | {t.ratings_per_second:,.0f} | {t.foreign:.2f} | {'yes' if t.kept else ''} |"
        for t in found.log
    ]
    return "\n".join([*lines, *tries])


def _training_data(settings: Settings) -> TrainingData:
    """All published ratings: nothing is fitted, so nothing is leaked."""
    from recsys_assets.recommenders.data import Ids, align_catalogue, align_people, histories_of

    lake = Lake(settings.lake_dir)
    ratings: pl.DataFrame = lake.read("ratings").select("user_id", "movie_id", "rating", "timestamp")
    catalogue = lake.read("catalogue")
    users = Ids.of(ratings["user_id"].to_numpy())
    movies = Ids.of(catalogue["movie_id"].to_numpy(), ratings["movie_id"].to_numpy())
    histories = histories_of(ratings, users, movies)
    people = align_people(None, users)
    return TrainingData(users, movies, histories, align_catalogue(catalogue, movies), settings.seed, silent, people)
