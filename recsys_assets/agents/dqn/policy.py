"""A trained Q-network as plain arrays: scored by NumPy, so that serving needs no torch, and stored without pickles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys_assets.agents.dqn.items import PAIR_SCALE, STARS, WELL_KNOWN, ItemInputs, state_columns
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.policies.base import hide_known
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

SLOPE, EPSILON = 0.01, 1e-5
"""Of LeakyReLU, and of torch's LayerNorm."""
FORMAT = 1


@dataclass
class QPolicy:
    """Shows the movie of the highest Q-value among the `shortlist` best of the start; `arrays` are the network's."""

    layout: ObservationLayout
    layers: tuple[str, ...]
    """Of the trunk: `linear`, `norm` or `leaky`, in order; the i-th has arrays `trunk.i.weight` and `trunk.i.bias`."""
    items: ItemInputs
    arrays: dict[str, FloatArray]
    shortlist: int
    name: str = "dqn"
    known: Histories = field(init=False, repr=False)

    @classmethod
    def of(cls, network: Any, *, name: str = "dqn") -> Self:
        """From an `ItemQNetwork` or a `PlainQNetwork`, as it is now."""
        layers, arrays = _trunk_arrays(network.trunk)
        for head in ("value", "phi", "pair_numbers", "pair_state", "pair_out", "outputs"):
            arrays |= {f"{head}.{part}": _array(p) for part, p in _parameters(network, head)}
        if hasattr(network, "psi"):
            arrays["vectors"] = _array(network.vectors(network.own_place.new_tensor(range(len(network.items)))))
        arrays["scale"] = _array(network.scale)
        return cls(network.layout, layers, network.items, arrays, network.item_config.shortlist, name)

    def begin(self, known: Histories, layout: ObservationLayout) -> None:
        if layout != self.layout:
            raise ValueError(f"the agent was trained on observations {self.layout}, not {layout}; train it for these")
        self.known = known

    def act(self, observations: FloatArray, rng: np.random.Generator) -> IntArray:
        return self.choose(observations)[0]

    def choose(self, observations: FloatArray) -> tuple[IntArray, IntArray]:
        """Movies (b,), and their places (b,) in the order of the start: 0 where the agent agrees with it."""
        scores = self.start_scores(observations)
        hide_known(scores, observations, self.known, self.layout)
        movies = self._best(scores)
        places = self.among(observations, movies).argmax(axis=1)
        return movies[np.arange(len(movies)), places], places

    def ranking(self, observations: FloatArray, *, known: Histories | None = None) -> FloatArray:
        """(b, n) by which all movies can be ranked: Q of the shortlist, the others below it by their start.

        -inf for the shown, and for the `known` (those of `begin` where not given).
        """
        scores = self.start_scores(observations)
        hide_known(scores, observations, self.known if known is None else known, self.layout)
        movies = self._best(scores)
        q = self.among(observations, movies)
        lowest = np.where(np.isfinite(q), q, np.inf).min(axis=1, initial=np.inf, keepdims=True)
        ranked = scores - scores.max(axis=1, keepdims=True) + np.where(np.isfinite(lowest), lowest, 0) - 1e-3
        rows, columns = np.nonzero(movies >= 0)
        ranked[rows, movies[rows, columns]] = q[rows, columns]
        return ranked.astype(np.float32)

    def start_scores(self, observations: FloatArray) -> FloatArray:
        """(b, n) of the supervised start, none hidden."""
        popularity, doubt, variety = self.items.weights
        layout, items = self.layout, self.items
        scores: FloatArray = observations[:, layout.taste_mean] @ items.design.T
        scores += items.base + popularity * items.popularity
        scores -= variety * (observations[:, layout.genre_mix] @ items.directions.T)
        if doubt:
            scores += doubt * np.sqrt((observations[:, layout.taste_deviation] ** 2) @ items.squares)
        return scores

    def among(self, observations: FloatArray, movies: IntArray) -> FloatArray:
        """Q (b, k) of movies (b, k) in the order of their start, -inf where there is -1."""
        there, movies = movies >= 0, np.maximum(movies, 0)
        start, numbers = self._pairs(observations, movies, there)
        trunk = self._trunk(self._inputs(observations, start, there))
        advantage = self.arrays["scale"] * start + self._advantage(trunk, movies, numbers)
        mean = (advantage * there).sum(axis=1, keepdims=True) / np.maximum(there.sum(axis=1, keepdims=True), 1)
        value = trunk @ self.arrays["value.weight"].T + self.arrays["value.bias"]
        q: FloatArray = np.where(there, value + advantage - mean, -np.inf).astype(np.float32)
        return q

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, all that `of_arrays` needs."""
        layout = self.layout
        return {
            "format": np.array(FORMAT),
            "layout": np.array([layout.taste, layout.genres, layout.horizon]),
            "layers": np.array(self.layers),
            "shortlist": np.array(self.shortlist),
            "name": np.array(self.name),
            **{f"array.{k}": v for k, v in self.arrays.items()},
            **{f"item.{k}": v for k, v in self.items.arrays().items()},
        }

    @classmethod
    def of_arrays(cls, kept: Mapping[str, NDArray[Any]]) -> Self:
        """Raises ValueError where another version of this program wrote them."""
        if int(kept["format"]) != FORMAT:
            raise ValueError(f"an agent of format {int(kept['format'])}, this program reads {FORMAT}; train it anew")
        arrays, items = (
            {k.removeprefix(kind): v for k, v in kept.items() if k.startswith(kind)} for kind in ("array.", "item.")
        )
        layout = ObservationLayout(*(int(n) for n in kept["layout"]))
        layers = tuple(str(layer) for layer in kept["layers"])
        return cls(layout, layers, ItemInputs(**items), arrays, int(kept["shortlist"]), str(kept["name"]))

    def save(self, path: Path) -> None:
        """One .npz file."""
        with path.open("wb") as handle:
            np.savez(handle, allow_pickle=False, **self.to_arrays())

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path, allow_pickle=False) as kept:
            return cls.of_arrays(dict(kept))

    def _best(self, scores: FloatArray) -> IntArray:
        """(b, k) of the highest scores, best first, -1 where they are -inf."""
        k = min(self.shortlist, scores.shape[1])
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k] if k < scores.shape[1] else np.argsort(-scores, axis=1)
        found = np.take_along_axis(scores, best, axis=1)
        order = np.argsort(-found, axis=1, kind="stable")
        best, found = np.take_along_axis(best, order, axis=1), np.take_along_axis(found, order, axis=1)
        return np.where(np.isfinite(found), best, -1).astype(np.int64)

    def _pairs(self, observations: FloatArray, movies: IntArray, there: np.ndarray) -> tuple[FloatArray, FloatArray]:
        layout, items = self.layout, self.items
        design, base, popularity = items.design[movies], items.base[movies], items.popularity[movies]
        stars = base + np.einsum("bw,bkw->bk", observations[:, layout.taste_mean], design)
        overlap = np.einsum("bg,bkg->bk", observations[:, layout.genre_mix], items.directions[movies])
        doubt = np.sqrt(np.einsum("bw,bkw->bk", observations[:, layout.taste_deviation] ** 2, design**2))
        start = stars + items.weights[0] * popularity + items.weights[1] * doubt - items.weights[2] * overlap
        best = np.where(there, start, -np.inf).max(axis=1, keepdims=True)
        best = np.where(np.isfinite(best), best, 0)
        stars, base, popularity = stars - STARS, base - STARS, popularity - WELL_KNOWN
        parts = [start - best, stars, base, popularity, overlap, doubt]
        numbers = np.stack([*parts, stars * popularity, stars * overlap, popularity**2], axis=2)
        return start, (PAIR_SCALE * numbers).astype(np.float32)

    def _inputs(self, observations: FloatArray, start: FloatArray, there: np.ndarray) -> FloatArray:
        seen = np.where(there, start, STARS)
        summary = np.stack([seen[:, 0], seen[:, :10].mean(axis=1), seen[:, -1]], axis=1) - STARS
        return np.concatenate([state_columns(observations, self.layout), summary], axis=1)

    def _advantage(self, trunk: FloatArray, movies: IntArray, numbers: FloatArray) -> FloatArray:
        if "outputs.weight" in self.arrays:
            every = trunk @ self.arrays["outputs.weight"].T + self.arrays["outputs.bias"]
            return np.take_along_axis(every, movies, axis=1)
        phi = trunk @ self.arrays["phi.weight"].T + self.arrays["phi.bias"]
        hidden = numbers @ self.arrays["pair_numbers.weight"].T + self.arrays["pair_numbers.bias"]
        hidden = _leaky(hidden + (trunk @ self.arrays["pair_state.weight"].T)[:, None])
        pair = (hidden @ self.arrays["pair_out.weight"].T)[:, :, 0] + self.arrays["pair_out.bias"]
        advantage: FloatArray = np.einsum("bd,bkd->bk", phi, self.arrays["vectors"][movies]) + pair
        return advantage

    def _trunk(self, x: FloatArray) -> FloatArray:
        for place, layer in enumerate(self.layers):
            if layer == "leaky":
                x = _leaky(x)
                continue
            weight, bias = self.arrays[f"trunk.{place}.weight"], self.arrays[f"trunk.{place}.bias"]
            if layer == "linear":
                x = x @ weight.T + bias
            else:
                centred = x - x.mean(axis=1, keepdims=True)
                x = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON) * weight + bias
        return x


def _leaky(x: FloatArray) -> FloatArray:
    return np.maximum(x, SLOPE * x)


def _trunk_arrays(trunk: Any) -> tuple[tuple[str, ...], dict[str, FloatArray]]:
    from torch import nn

    kinds = {nn.Linear: "linear", nn.LayerNorm: "norm", nn.LeakyReLU: "leaky"}
    layers: list[str] = []
    arrays: dict[str, FloatArray] = {}
    for module in trunk:
        if type(module) not in kinds:  # dropout does nothing here
            continue
        for part, parameter in module.named_parameters():
            arrays[f"trunk.{len(layers)}.{part}"] = _array(parameter)
        layers.append(kinds[type(module)])
    return tuple(layers), arrays


def _parameters(network: Any, head: str) -> list[tuple[str, Any]]:
    return list(getattr(network, head).named_parameters()) if hasattr(network, head) else []


def _array(tensor: Any) -> FloatArray:
    found: FloatArray = tensor.detach().cpu().numpy().astype(np.float32)
    return found
