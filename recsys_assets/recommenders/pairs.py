"""Products of rows of two matrices, pair by pair, without a copy of all rows at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PAIR_BLOCK = 1 << 16
"""Pairs at once."""


def paired_dots(
    left: NDArray[Any], right: NDArray[Any], rows: NDArray[np.integer], columns: NDArray[np.integer]
) -> NDArray[Any]:
    """left[rows[k]] . right[columns[k]] for every k (n,)."""
    found = np.empty(len(rows), dtype=np.result_type(left, right))
    for start in range(0, len(rows), PAIR_BLOCK):
        block = slice(start, start + PAIR_BLOCK)
        found[block] = np.einsum("nf,nf->n", left[rows[block]], right[columns[block]])
    return found
