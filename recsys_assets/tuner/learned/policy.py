"""The learned tuner as a controller: a small network in NumPy, some microseconds a decision, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import Allocation, IntArray
from recsys_assets.tuner.learned.views import ProposalView, View
from recsys_assets.tuner.readings import FloatArray, Readings

FORMAT = 3
FAR_OFF, ROOM = 0.25, 0.2
"""Share of figures, and how far beyond their range in parts of it."""
Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


class PolicyError(ValueError):
    """A policy that another version of this program wrote."""


@dataclass
class LearnedTuner:
    """`layers`: (weight (out, in), bias (out,)) with tanh between, or ReLU; outputs rate all choices of an action."""

    layers: tuple[Layer, ...]
    view: View = field(default_factory=ProposalView)
    relu: bool = False
    seen: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    """(width,) lowest and highest of each figure that was seen on pipelines like those trained on."""

    @property
    def name(self) -> str:
        return self.view.name

    def begin(self, n: int) -> None:
        self.view.begin(n)

    def decide(self, readings: Readings) -> Allocation:
        seen = self.view.see(readings)
        self.was_off = self.off(seen)
        return self.view.allocation(self.act(seen), readings)

    @property
    def promised(self) -> FloatArray:
        """(b,) batches a second that the fitted model counts on; 0 where none is asked."""
        view = self.view
        return view.observer.model.promised if isinstance(view, ProposalView) else np.zeros(len(self.was_off))

    def act(self, seen: NDArray[np.float32]) -> IntArray:
        """(b, parts) the choice rated best of each part of an action."""
        x = seen
        for weight, bias in self.layers[:-1]:
            x = x @ weight.T + bias
            x = np.maximum(x, 0) if self.relu else np.tanh(x)
        weight, bias = self.layers[-1]
        parts = np.split(x @ weight.T + bias, np.cumsum(choices_of(self.view))[:-1], axis=1)
        return np.stack([part.argmax(axis=1) for part in parts], axis=1).astype(np.int64)

    def off(self, seen: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(b,) whether more than `FAR_OFF` of the figures lie beyond all that were seen on pipelines like these."""
        if self.seen is None:
            return np.zeros(len(seen), dtype=np.bool_)
        low, high = self.seen
        room = ROOM * (high - low) + 1e-6
        return np.asarray(((seen < low - room) | (seen > high + room)).mean(axis=1) > FAR_OFF)

    def save(self, path: Path) -> None:
        """One .npz file of plain arrays."""
        arrays = {f"{kind}.{i}": a for i, layer in enumerate(self.layers) for kind, a in zip("wb", layer, strict=True)}
        if self.seen is not None:
            arrays |= {"seen.low": self.seen[0], "seen.high": self.seen[1]}
        with path.open("wb") as handle:
            np.savez(handle, allow_pickle=False, format=np.array(_format(self.view)), relu=self.relu, **arrays)

    @classmethod
    def load(cls, path: Path, view: View | None = None) -> Self:
        """Of our view, or of another that it was trained with.

        Raises PolicyError where observations or actions were others when it was written.
        """
        view = view or ProposalView()
        with np.load(path, allow_pickle=False) as kept:
            arrays: dict[str, NDArray[Any]] = dict(kept)
        if arrays["format"].tolist() != _format(view):
            raise PolicyError(f"{path} holds a tuner of another version; train it anew: `recsys tuner train`")
        n, relu = sum(name.startswith("w.") for name in arrays), bool(arrays["relu"])
        seen = (arrays["seen.low"], arrays["seen.high"]) if "seen.low" in arrays else None
        return cls(tuple((arrays[f"w.{i}"], arrays[f"b.{i}"]) for i in range(n)), view, relu, seen)


def choices_of(view: View) -> list[int]:
    """Number of choices of each part of an action."""
    if isinstance(view.actions, spaces.MultiDiscrete):
        return [int(n) for n in view.actions.nvec]
    return [int(view.actions.n)]  # type: ignore[attr-defined]


def _format(view: View) -> list[int]:
    return [FORMAT, int(view.observations.shape[0]), *choices_of(view)]
