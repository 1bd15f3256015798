"""Who may teach whom: people are split before anything is fitted, and each person's ratings by time.

`train` users fit tastes, simulators and agents; `validation` users, who are on the training side, choose settings and
checkpoints; `held_out` users are scored once. Of each user in a session the service knows an earlier part of the
ratings: how large a part is random, and nothing for some, so that an agent meets newcomers beside regulars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from recsys_assets.features.splitmix import mix
from recsys_assets.recommenders.data import Histories, IntArray

Group = Literal["train", "validation", "held_out"]
GROUPS: tuple[Group, ...] = get_args(Group)
HELD_OUT, VALIDATION = 0.2, 0.15
"""Shares of all users, and of those that are left."""
NEWCOMERS = 0.1
"""Share of users of whom nothing is known when sessions begin."""
MOST_KNOWN = 0.8
"""The largest share of a user's ratings that is known."""


@dataclass(frozen=True)
class KnownSplit:
    """Histories of the same users: what a service knows of them, and what it does not."""

    known: Histories
    hidden: Histories


def groups_of(user_ids: IntArray, *, seed: int, held_out_share: float = HELD_OUT) -> dict[Group, IntArray]:
    """Rows of the users of each group; a user's group depends on their id and the seed alone."""
    draw = uniform(user_ids, seed=seed, purpose=1)
    held_out = draw < held_out_share
    validation = ~held_out & (draw < held_out_share + (1 - held_out_share) * VALIDATION)
    rows = {"held_out": held_out, "validation": validation, "train": ~held_out & ~validation}
    return {group: np.flatnonzero(rows[group]) for group in GROUPS}


def split_known(histories: Histories, user_ids: IntArray, *, seed: int) -> KnownSplit:
    """The earlier ratings of each user, and the rest, which is never empty where there is a rating."""
    share = MOST_KNOWN * uniform(user_ids, seed=seed, purpose=2)
    share[uniform(user_ids, seed=seed, purpose=3) < NEWCOMERS] = 0
    cut = np.floor(share * histories.lengths).astype(np.int64)
    place = np.arange(len(histories.movies)) - histories.indptr[histories.rows]
    known = place < cut[histories.rows]
    return KnownSplit(_part(histories, known), _part(histories, ~known))


def uniform(keys: IntArray, *, seed: int, purpose: int) -> np.ndarray:
    """A number in [0, 1) for each key."""
    state = np.full(len(keys), (seed * 16 + purpose) % 2**64, dtype=np.uint64)
    mixed = mix(mix(state) ^ np.asarray(keys).astype(np.uint64))
    return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def _part(histories: Histories, chosen: np.ndarray) -> Histories:
    lengths = np.bincount(histories.rows[chosen], minlength=len(histories))
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    return Histories(indptr, histories.movies[chosen], histories.ratings[chosen], histories.timestamps[chosen])
