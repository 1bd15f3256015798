"""Who is served how well: a metric's mean and interval for groups of users.

Groups are by activity (how many of a user's ratings the model knew) and, where the data set tells, by age and gender.
A group of fewer than `FEWEST` users is not shown: its mean says nothing, and might say something of a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_assets.evaluation.bootstrap import Interval, mean_interval

FEWEST = 5
ACTIVITY_EDGES = (1, 5, 20, 100)
"""Lower ends of the groups of history length after the first, which is of those nothing is known of."""
AGE_EDGES = (18, 25, 35, 45, 55)
"""Lower ends of the age bands after the first, in years."""
METRICS = ("ndcg_at_10", "hr_at_10")
KINDS = {"activity": "Ratings known", "age": "Age", "gender": "Gender"}
"""Kind of group -> what it says of a user."""


@dataclass(frozen=True)
class Group:
    """Some of a result's users, and how well their lists are."""

    kind: str
    """A key of `KINDS`."""
    label: str
    n: int
    ndcg: Interval
    """Of NDCG@10."""
    hit_rate: Interval
    """Of HR@10."""

    @property
    def key(self) -> str:
        """A flat name: `activity_5_19`, `age_18_24`, `gender_f`."""
        label = self.label.removesuffix("+").replace("-", "_").lower()
        return f"{self.kind}_{label}{'_up' if self.label.endswith('+') else ''}"


def group_users(per_user: pl.DataFrame, people: pl.DataFrame | None, *, seed: int) -> tuple[Group, ...]:
    """The groups of a ranking's `per_user`; `people` (`user_id, age, gender`) where the data set has demographics."""
    if not set(METRICS) <= set(per_user.columns):
        return ()
    known = per_user.with_columns(activity=activity_of(per_user["n_history"]))
    if people is not None:
        traits = people.select("user_id", age=age_of(people["age"]), gender=people["gender"].cast(pl.String))
        known = known.join(traits, on="user_id", how="left", maintain_order="left")
    kinds = [kind for kind in KINDS if kind in known.columns]
    return tuple(group for kind in kinds for group in _groups(known, kind, seed=seed))


def activity_of(lengths: pl.Series) -> pl.Series:
    """The label of each history length: `0`, `1-4`, `5-19`, `20-99`, `100+`."""
    return _banded(lengths, (0, *ACTIVITY_EDGES))


def age_of(years: pl.Series) -> pl.Series:
    """The label of each age: `0-17`, `18-24`, ... `55+`; null where it is not known."""
    return _banded(years, (0, *AGE_EDGES))


def _banded(values: pl.Series, edges: tuple[int, ...]) -> pl.Series:
    """Labels as an Enum in the order of the bands."""
    ends = [*(edge - 1 for edge in edges[1:]), None]
    labels = [
        f"{low}+" if high is None else str(low) if low == high else f"{low}-{high}"
        for low, high in zip(edges, ends, strict=True)
    ]
    place = np.searchsorted(edges, values.fill_null(0).to_numpy(), side="right") - 1
    named = pl.Series(np.array(labels)[np.maximum(place, 0)], dtype=pl.Enum(labels))
    return pl.select(pl.when(values.is_not_null()).then(named))[:, 0].alias(values.name)


def _groups(known: pl.DataFrame, kind: str, *, seed: int) -> Iterator[Group]:
    named = known.filter(pl.col(kind).is_not_null()).sort(kind, "user_id")
    for (label,), users in named.group_by(kind, maintain_order=True):
        if len(users) >= FEWEST:
            ndcg, hit_rate = (mean_interval(users[metric].to_numpy(), seed=seed) for metric in METRICS)
            yield Group(kind, str(label), len(users), ndcg, hit_rate)
