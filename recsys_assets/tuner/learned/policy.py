"""The learned tuner as a controller: a small network in NumPy, some microseconds a decision, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import Allocation, IntArray
from recsys_assets.tuner.controllers.estimates import within_memory
from recsys_assets.tuner.learned.actions import CHOICES, allocation_for
from recsys_assets.tuner.learned.observation import WIDTH, Observer
from recsys_assets.tuner.readings import Readings

FORMAT = 1


class PolicyError(ValueError):
    """A policy that another version of this program wrote."""


@dataclass
class LearnedTuner:
    """`layers`: (weight (out, in), bias (out,)) with tanh between; outputs are logits of all parts of an action."""

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    name: str = "learned (PPO)"

    def begin(self, n: int) -> None:
        self.observer = Observer(n)

    def decide(self, readings: Readings) -> Allocation:
        seen = self.observer.see(readings)
        wanted = allocation_for(self.act(seen), readings.allocation, self.observer.proposal)
        return within_memory(wanted, self.observer.model.memory)

    def act(self, seen: NDArray[np.float32]) -> IntArray:
        """(b, 5) the likeliest choice of each part."""
        x = seen
        for weight, bias in self.layers[:-1]:
            x = np.tanh(x @ weight.T + bias)
        weight, bias = self.layers[-1]
        logits = np.split(x @ weight.T + bias, np.cumsum(CHOICES)[:-1], axis=1)
        return np.stack([part.argmax(axis=1) for part in logits], axis=1).astype(np.int64)

    def save(self, path: Path) -> None:
        """One .npz file of plain arrays."""
        arrays = {f"{kind}.{i}": a for i, layer in enumerate(self.layers) for kind, a in zip("wb", layer, strict=True)}
        with path.open("wb") as handle:
            np.savez(handle, allow_pickle=False, format=np.array([FORMAT, WIDTH, *CHOICES]), **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises PolicyError where observations or actions were others when it was written."""
        with np.load(path, allow_pickle=False) as kept:
            return cls.of_arrays(dict(kept), str(path))

    @classmethod
    def of_arrays(cls, kept: Mapping[str, NDArray[Any]], where: str) -> Self:
        if kept["format"].tolist() != [FORMAT, WIDTH, *CHOICES]:
            raise PolicyError(f"{where} holds a tuner of another version; train it anew: `recsys tuner train`")
        n = sum(name.startswith("w.") for name in kept)
        return cls(tuple((kept[f"w.{i}"], kept[f"b.{i}"]) for i in range(n)))
