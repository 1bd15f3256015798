"""When each user sits down, and for how many movies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.movies import WINDOW_START, WINDOW_YEARS, Floats, Ints
from recsys_assets.sources.synthetic.users import Users

START = int(np.datetime64(f"{WINDOW_START}-01-01", "s").astype(np.int64))
SECONDS = int(np.datetime64(f"{WINDOW_START + WINDOW_YEARS}-01-01", "s").astype(np.int64)) - START
SECONDS_A_MOVIE = 75
"""Between two ratings of a session."""


@dataclass(frozen=True)
class Sessions:
    """One entry a session, the longest first."""

    user: NDArray[np.int32]
    start: Floats
    """Share of the window."""
    length: NDArray[np.int32]
    """Views."""

    def __len__(self) -> int:
        return len(self.user)

    @property
    def second(self) -> Ints:
        """Of the start, since 1970."""
        return START + (self.start.astype(np.float64) * SECONDS).astype(np.int64)


def make_sessions(config: SyntheticConfig, users: Users, block: slice, rng: np.random.Generator) -> Sessions:
    """Sessions of a block of users, for somewhat more views than the quota (repeats are dropped later), two a user."""
    quota = users.quota[block]
    density = quota / config.n_movies
    views = np.ceil(quota * (1.4 + 6.0 * density)).astype(np.int64) + 2
    habit = np.clip(rng.lognormal(2.3, 0.4, len(quota)), 4, 30)  # views a session
    count = np.maximum(2, np.round(views / habit)).astype(np.int64)
    local = np.repeat(np.arange(len(quota), dtype=np.int32), count)
    place = np.arange(len(local)) - np.repeat(np.cumsum(count) - count, count)
    length = views[local] // count[local] + (place < views[local] % count[local])
    when = rng.random(len(local)).astype(np.float32)
    when[place == 0] = 0.0
    user = local + np.int32(block.start)
    start = users.arrives[user] + (users.leaves - users.arrives)[user] * when
    longest_first = np.argsort(-length, kind="stable")
    return Sessions(
        user[longest_first],
        np.minimum(start, 0.9999).astype(np.float32)[longest_first],
        length.astype(np.int32)[longest_first],
    )
