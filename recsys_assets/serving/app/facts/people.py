"""Who there is to recommend to, and what they watched."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from recsys_assets.serving.api.schemas.facts import ProfileAnswer
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake, LakeError

OFFERED = 200


@dataclass(frozen=True)
class Known:
    user_id: int
    n_ratings: int

    def __str__(self) -> str:
        return f"User {self.user_id} · {self.n_ratings:,} ratings"


def people(settings: Settings, most: int = OFFERED) -> list[Known]:
    """Spread evenly over all ids, so that a list of some hundreds has active and hardly active people."""
    try:
        ratings = Lake(settings.lake_dir).scan("ratings")
    except LakeError:
        return []
    counts = ratings.group_by("user_id").agg(n=pl.len()).sort("user_id").collect()
    step = max(1, len(counts) // most)
    return [Known(*row) for row in counts[::step].head(most).iter_rows()]


def parsed(chosen: object) -> int | None:
    """A choice, or an id that was typed in its place; None for what is no id."""
    if isinstance(chosen, Known):
        return chosen.user_id
    digits = str(chosen or "").strip().lower().removeprefix("user").strip()
    return int(digits) if digits.isdigit() and 0 < int(digits) <= 2**53 else None


def shares(profile: ProfileAnswer, most: int = 10) -> tuple[list[str], dict[str, list[float | None]]]:
    """Genres, and their shares in percent of what was watched and of the list."""
    genres = profile.genres[:most]
    return [g.genre for g in genres], {
        "watched": [100 * g.share for g in genres],
        "in the list": [100 * g.list_share for g in genres],
    }
