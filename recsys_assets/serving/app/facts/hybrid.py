"""Blending a model with content by a weight: how the list moves from one end to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recsys_assets.serving.api.schemas.lists import UserListAnswer
from recsys_assets.serving.api.schemas.requests import RecommendIn
from recsys_assets.serving.app.facts.lists import ids_of, overlap
from recsys_assets.serving.client import Client

CONTENT = "content"
PREFERRED = ("dqn_agent", "ppo_agent", "svd", "biased_mf", "ials", "ease")
"""Models to be blended with content, in the order in which they are offered."""
STEPS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Path:
    """From the model alone to content alone."""

    alphas: tuple[float, ...]
    with_model: tuple[float, ...]
    """Share of each list that is in the model's own."""
    with_content: tuple[float, ...]


def blendable(models: Sequence[str]) -> list[str]:
    """Those worth a slider, if there is content to blend with."""
    if CONTENT not in models:
        return []
    return [m for m in PREFERRED if m in models] + [m for m in models if m not in PREFERRED and m != CONTENT]


def blended(api: Client, user_id: int, *, model: str, alpha: float, k: int) -> UserListAnswer:
    """(1 - alpha) times the model's standardized scores, alpha times content's."""
    return api.recommend(RecommendIn(user_id=user_id, model=model, alpha=alpha, k=k))


def path(api: Client, user_id: int, *, model: str, k: int) -> Path:
    """A list at each of `STEPS`, without reasons."""
    lists = [
        ids_of(api.recommend(RecommendIn(user_id=user_id, model=model, alpha=alpha, k=k, explain=False)))
        for alpha in STEPS
    ]
    return Path(
        STEPS,
        tuple(overlap(one, lists[0]) for one in lists),
        tuple(overlap(one, lists[-1]) for one in lists),
    )
