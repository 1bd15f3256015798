"""A Bradley-Terry reward model: three networks whose agreement counts (Christiano et al., NeurIPS 2017).

    P(i is liked better than j in state s) = sigmoid(r(s, i) - r(s, j))
    r(s, i) = w_c . (level_i, leaning(s, i), taste(s, i)) + phi(s) . psi(i) + pair(s, i)
    reward(s, i) = mean over members - `caution` * their standard deviation, brought to the scale of opinions

w_c, for movies that people picked and for movies they were asked about, starts at the best weights for the training
pairs (a convex problem), the rest at zero, so that a reward begins as a movie's standing and what a person's ratings
tell of them, and what is learned beside is kept only where people who were not learned from bear it out. Where members
differ nobody knows, and an agent that looks for high rewards finds exactly these places: hence the deviation (Coste et
al., ICLR 2024). A difference is all that pairs tell; `offset` and `slope` bring r to values in [-1, 1] (`opinions`), by
least squares, for an agent has to weigh a movie against the end of a session, too.

Arrays only: scoring needs no torch. psi is worked out once per movie and found by its published id; a movie that came
later has the mean psi.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys_assets.agents.preferences.view import LINEAR, States, View
from recsys_assets.atomic import write_text
from recsys_assets.recommenders.data import FloatArray, Ids, IntArray

FORMAT, SLOPE = 2, 0.01
"""Of the files; and of LeakyReLU below 0."""
BLOCK = 1 << 15
"""Pairs of state and movie that are scored at once."""


@dataclass(frozen=True)
class RewardModel:
    """`members`: arrays of each network, as `network.RewardNetwork.arrays` gives them."""

    genre_names: tuple[str, ...]
    movies: Ids
    members: tuple[dict[str, FloatArray], ...]
    temperature: float = 1.0
    """By which the members' mean is divided, so that its chances are calibrated."""
    offset: FloatArray = field(default_factory=lambda: np.zeros(2, dtype=np.float32))
    """(2,) of movies people picked, and of movies they were asked about."""
    slope: FloatArray = field(default_factory=lambda: np.ones(2, dtype=np.float32))
    caution: float = 1.0
    facts: dict[str, Any] = field(default_factory=dict)
    """Where it comes from and what it was judged to be; plain JSON."""

    def view(self, setting: Any) -> View:
        """A setting as this model reads it."""
        return View.of(setting, self.genre_names)

    def scores(self, view: View, states: States, movies: IntArray) -> FloatArray:
        """(members, b) r of `movies` (b,) in `states` (b)."""
        places = self.movies.index(view.movie_ids)
        found = [
            self._block(view, states.take(rows), movies[rows], places)
            for rows in (slice(start, start + BLOCK) for start in range(0, len(movies), BLOCK))
        ]
        return np.concatenate(found, axis=1) if found else np.zeros((len(self.members), 0), dtype=np.float32)

    def mean(self, view: View, states: States, movies: IntArray) -> FloatArray:
        """(b,) calibrated r: the chance of a preference is the logistic function of a difference."""
        found: FloatArray = self.scores(view, states, movies).mean(axis=0) / self.temperature
        return found

    def rewards(self, view: View, states: States, movies: IntArray) -> FloatArray:
        """(b,) on the scale of opinions, -1 to 1 or so, less what members disagree on."""
        scores = self.scores(view, states, movies) / self.temperature
        cautious = scores.mean(axis=0) - self.caution * scores.std(axis=0)
        context = states.asked.astype(np.int64)
        found: FloatArray = (self.offset[context] + self.slope[context] * cautious).astype(np.float32)
        return found

    def save(self, directory: Path) -> None:
        """`reward_model.npz` and `reward_model.json` in `directory`, each whole or not at all; no pickles."""
        directory.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[Any]] = {"movies": self.movies.values, "offset": self.offset, "slope": self.slope}
        for number, member in enumerate(self.members):
            arrays |= {f"member.{number}.{name}": value for name, value in member.items()}
        beside = directory / "reward_model.npz.part"
        with beside.open("wb") as handle:
            np.savez(handle, allow_pickle=False, **arrays)
        beside.replace(directory / "reward_model.npz")
        told = {
            "format": FORMAT,
            "members": len(self.members),
            "genres": list(self.genre_names),
            "temperature": self.temperature,
            "caution": self.caution,
            "facts": self.facts,
        }
        write_text(directory / "reward_model.json", json.dumps(told, indent=1, sort_keys=True) + "\n")

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Raises ValueError where another version of this program wrote it."""
        told = json.loads((directory / "reward_model.json").read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError(
                f"{directory} holds a reward model of format {told['format']}, this program reads {FORMAT}; "
                "materialize `reward_model` again"
            )
        with np.load(directory / "reward_model.npz", allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        members = tuple(
            {
                name.removeprefix(f"member.{number}."): value
                for name, value in arrays.items()
                if name.startswith(f"member.{number}.")
            }
            for number in range(told["members"])
        )
        return cls(
            tuple(told["genres"]),
            Ids(arrays["movies"]),
            members,
            told["temperature"],
            arrays["offset"],
            arrays["slope"],
            told["caution"],
            told["facts"],
        )

    def _block(self, view: View, states: States, movies: IntArray, places: IntArray) -> FloatArray:
        columns, numbers = view.states(states), view.pairs(states, movies)
        asked = states.asked.astype(np.int64)
        return np.stack([_member_scores(member, columns, numbers, places[movies], asked) for member in self.members])


def _member_scores(
    member: dict[str, FloatArray], states: FloatArray, numbers: FloatArray, rows: IntArray, asked: IntArray
) -> FloatArray:
    trunk = _leaky(states @ member["trunk.weight"].T + member["trunk.bias"])
    phi = trunk @ member["phi.weight"].T + member["phi.bias"]
    psi = np.where((rows >= 0)[:, None], member["vectors"][np.maximum(rows, 0)], member["vectors"].mean(axis=0))
    hidden = numbers @ member["pair_numbers.weight"].T + member["pair_numbers.bias"]
    hidden = _leaky(hidden + trunk @ member["pair_state.weight"].T)
    pair = (hidden @ member["pair_out.weight"].T)[:, 0]
    start = np.einsum("bl,bl->b", numbers[:, : len(LINEAR)], member["start"][asked])
    found: FloatArray = start + np.einsum("bd,bd->b", phi, psi) + pair
    return found.astype(np.float32)


def _leaky(x: FloatArray) -> FloatArray:
    return np.maximum(x, SLOPE * x)
