"""The models that propose and judge the next movie: which they are, and how one fitted model gives several opinions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, TrainingData

FLOOR = 1e-3
"""Share of the best candidate's score below which differences say nothing."""


EASE = {"regularization": 300.0, "rating_weight": 0.0, "half_life": 6.5, "max_movies": 5000}
"""Ratings say little of what is listed next; the cap keeps the inverse, which is computed twice, in seconds."""

USER_KERNEL = {"max_users": 4000, "max_movies": 10_000}
"""Keeps what is solved, twice, in seconds, and what is kept below 160 MB."""


@dataclass(frozen=True)
class Part:
    """One opinion."""

    model: str
    words: str
    """What its share of a score means to the person who is shown it."""
    config: dict[str, Any] = field(default_factory=dict)
    scale: Literal["amount", "log"] = "amount"
    """Whether scores are amounts that begin at 0, or logarithms of them."""
    of: str | None = None
    """Another part that is fitted once for both; the two differ in how they read a history only."""


PARTS: dict[str, Part] = {
    "markov": Part("markov", "what is watched around the last movies"),
    "markov_events": Part("markov", "what is watched around the very last movies", {"age": "events"}, of="markov"),
    "markov_lasting": Part("markov", "what is watched around the movies of late", {"recency": 0.9}, of="markov"),
    "markov_forward": Part(
        "markov", "what is watched after the last movies", {"backward": 0.0, "decay": 0.85, "recency": 0.85}
    ),
    "ease": Part("ease", "what goes with the last movies", EASE),
    "ease_lasting": Part("ease", "what goes with the whole history", {"half_life": None}, of="ease"),
    "user_kernel": Part("user_kernel", "what people of the same taste chose", USER_KERNEL),
    "item_knn": Part("item_knn", "what people with the same movies watched", {"half_life": 6.5}),
    "popularity": Part("popularity", "many people rated it", {"order": "count"}, scale="log"),
    "sasrec": Part("sasrec", "what the history leads to, read as a sequence", scale="log"),
    "gru4rec": Part("gru4rec", "what the history leads to, read as a sequence", scale="log"),
}
"""Parts by name; any other model is a part under its own name, its scores taken as amounts."""


def part_of(name: str) -> Part:
    return PARTS.get(name, Part(name, f"the {name} model's score"))


def build_parts(names: tuple[str, ...], configs: Mapping[str, dict[str, Any]]) -> dict[str, Recommender]:
    """Unfitted models by name; `configs` add to what `PARTS` says, also of the parts that share the model."""
    from recsys_assets.recommenders.models import build

    def config(name: str) -> dict[str, Any]:
        part = part_of(name)
        shared = config(part.of) if part.of else {}
        return shared | part.config | configs.get(name, {})

    return {name: build(part_of(name).model, config(name)) for name in names}


def fit_parts(parts: Mapping[str, Recommender], data: TrainingData) -> None:
    """Fit each model once; the parts that share it take over what it learned."""
    for name, model in parts.items():
        origin = part_of(name).of
        if origin is None:
            data.progress(f"next_item: fitting {name} on {len(data.histories.movies):,} ratings")
            model.fit_data(data)
    for name, model in parts.items():
        origin = part_of(name).of
        if origin is not None:
            share(parts[origin], model)


def share(fitted: Recommender, other: Recommender) -> None:
    """Let `other`, of the same model, know what `fitted` learned."""
    other.adopt(fitted.users, fitted.movies, fitted.histories, fitted.catalogue)
    other._restore(fitted._state())
    other.fitted = True


def opinions(scores: FloatArray, name: str) -> FloatArray:
    """(b, c, 2) of a part's scores (b, c) of candidates: the share of the best's, and its logarithm above `FLOOR`.

    Both are free of the scale of scores, which differs between parts and grows with the data.
    """
    best = scores.max(axis=1, keepdims=True)
    logarithms = part_of(name).scale == "log"
    amounts = np.exp(scores - best) if logarithms else np.maximum(scores, 0) / np.maximum(best, 1e-9)
    return np.stack([amounts, np.log(np.maximum(amounts, FLOOR) / FLOOR)], axis=2).astype(np.float32)
