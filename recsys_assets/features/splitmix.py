"""SplitMix64: random numbers that follow from their keys alone (Steele, Lea and Flood, OOPSLA 2014)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEP = np.uint64(0x9E3779B97F4A7C15)
"""2**64 over the golden ratio, made odd."""


def mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The generator's output one step after `state`, any shape; chained with keys in between it mixes them all in."""
    return finalized(state + STEP)


def finalized(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of `z` spread over all bits."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
