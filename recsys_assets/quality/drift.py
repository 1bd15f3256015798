"""How far a distribution has moved between two runs.

Population stability index over bins with shares p (now) and q (then):

    PSI = sum over bins of (p - q) * ln(p / q)

(Siddiqi, Credit Risk Scorecards, Wiley 2006; it is the symmetric Kullback-Leibler divergence). Of two samples of n and
m from one distribution over B bins it is about (1/n + 1/m) times chi-square with B - 1 degrees of freedom (Yurdakul and
Naranjo, Statistical properties of the population stability index, Journal of Risk Model Validation 14(4), 2020), so
(B - 1)(1/n + 1/m) is what chance alone gives on average. That is taken off: small tables would drift every night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys_assets.warehouse.declaration import Bins, Distribution

PRIOR = 0.5
"""Added to each count (Jeffreys), so that a bin that is empty in one run gives a large figure, not an infinite one."""
MISSING = "(missing)"
"""Label of rows without a value; it comes last."""


@dataclass(frozen=True)
class Spread:
    """A distribution as found: `counts[i]` rows (of `rows` bins: values) in bin `labels[i]`."""

    labels: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """A distribution beside that of an earlier run, over the bins of both."""

    distribution: Distribution
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    reference: tuple[int, ...] | None = None
    """Counts of the earlier run; None where there is none."""
    reference_run: str | None = None
    psi: float | None = None
    """At least 0; None where nothing can be compared."""


def psi(counts: Sequence[int], reference: Sequence[int]) -> float | None:
    """Population stability index of two lists of counts over the same bins, less what chance gives; at least 0.

    None where either is empty, or where fewer than two bins hold anything.
    """
    now, then = np.asarray(counts, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    filled = (now > 0) | (then > 0)
    if filled.sum() < 2 or not now.sum() or not then.sum():
        return None
    n, m, bins = now.sum(), then.sum(), int(filled.sum())
    p = (now[filled] + PRIOR) / (n + PRIOR * bins)
    q = (then[filled] + PRIOR) / (m + PRIOR * bins)
    index = float(((p - q) * np.log(p / q)).sum())
    return max(0.0, index - (bins - 1) * (1 / n + 1 / m))


def compare(distribution: Distribution, now: Spread, then: Spread | None, *, run_id: str | None = None) -> Comparison:
    """Put two spreads over the same bins; without an earlier one there is nothing to compare with.

    Of months only those are compared that both windows hold, without the earlier window's last: it was not over yet.
    """
    if then is None:
        return Comparison(distribution, now.labels, now.counts)
    before, after = dict(zip(then.labels, then.counts, strict=True)), dict(zip(now.labels, now.counts, strict=True))
    if distribution.bins == "months":
        labels = now.labels
        compared = [label for label in labels if label in before and label != then.labels[-1]]
    else:
        found = {*now.labels, *(label for label, rows in before.items() if rows)}
        labels = tuple(sorted(found, key=lambda label: _place(distribution.bins, label)))
        compared = list(labels)
    return Comparison(
        distribution,
        labels,
        tuple(after.get(label, 0) for label in labels),
        tuple(before.get(label, 0) for label in labels),
        run_id,
        psi([after.get(label, 0) for label in compared], [before.get(label, 0) for label in compared]),
    )


def _place(bins: Bins, label: str) -> tuple[bool, float, str]:
    """Sort key: numbers by size, words by letter, what is missing last."""
    if label == MISSING or bins == "values":
        return label == MISSING, 0.0, label
    return False, float(label.split("-")[0] if bins == "rows" else label), label
