"""Whether a configuration beats the default: both are run in turns, and the gain has an interval.

    g = mean of log(tuned / default) over pairs,  g +- t s / sqrt(n)  (Student, 95 %)
    taken  <=>  the interval lies above 0, and e^g - 1 >= 5 %

Pairs alternate in order (default, tuned, tuned, default, ...), so that drift of the machine hits both. A pair in which
others used more than a quarter of a core is dropped and measured again, a few times: what a busy machine does for one
turn would be taken for a gain. Where too few pairs are left, the default stays. A gain that three pairs already show
beyond any doubt (99.9 %) ends it early.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from recsys_assets.tuner.real.probe import FOREIGN

WORTH = 0.05
"""Gain from which a configuration is taken."""
LEAST_PAIRS, PAIRS, MOST_DISTURBED = 3, 6, 4
"""To end early by, wanted, and disturbed ones after which no more are measured."""
SURE, BEYOND_DOUBT = 0.95, 0.999


class Measured(Protocol):
    """One turn of either."""

    @property
    def batches_per_second(self) -> float: ...

    @property
    def foreign(self) -> float:
        """Cores that others used."""


M = TypeVar("M", bound=Measured)
K = TypeVar("K")


@dataclass(frozen=True)
class Verdict:
    """`gain`, `low`, `high`: throughput over the default's, less 1; nan where nothing was measured undisturbed."""

    worth_it: bool
    gain: float
    low: float
    high: float
    pairs: int
    """Undisturbed, which alone count."""
    disturbed: int
    foreign: float
    """Cores that others used, on average of all pairs."""
    reason: str
    """Why it is taken or not, in words."""


def measured_pairs(
    probe: Callable[[K], M], default: K, tuned: K, *, seconds: float = float("inf")
) -> list[tuple[M, M]]:
    """Of the default and of the tuned: until enough pairs are undisturbed; `seconds`: begin no pair after so many."""
    until, pairs = time.monotonic() + seconds, list[tuple[M, M]]()
    while not enough(pairs) and time.monotonic() < until:
        if len(pairs) % 2 == 0:
            pairs.append((probe(default), probe(tuned)))
        else:
            second = probe(tuned)
            pairs.append((probe(default), second))
    return pairs


def enough(pairs: Sequence[tuple[Measured, Measured]]) -> bool:
    """Whether nothing more need be measured."""
    kept = undisturbed(pairs)
    if len(pairs) - len(kept) > MOST_DISTURBED:
        return True
    if len(kept) < LEAST_PAIRS:
        return False
    return len(kept) >= PAIRS or _interval(kept, BEYOND_DOUBT)[1] > np.log1p(WORTH)


def verdict(pairs: Sequence[tuple[Measured, Measured]]) -> Verdict:
    """Of what was measured."""
    kept, foreign = undisturbed(pairs), float(np.mean([p.foreign for pair in pairs for p in pair])) if pairs else 0.0
    left_out = len(pairs) - len(kept)
    if len(kept) < LEAST_PAIRS:
        return Verdict(
            False,
            *(float("nan"),) * 3,
            len(kept),
            left_out,
            foreign,
            f"the default stays: others used {foreign:.2f} cores, and {len(kept)} of {len(pairs)} pairs of "
            f"measurements were undisturbed ({LEAST_PAIRS} are needed); tune again on a quieter machine",
        )
    gain, low, high = np.expm1(_interval(kept, SURE))
    told = f"{gain:+.1%} ({low:+.1%} to {high:+.1%}, {len(kept)} pairs)"
    if gain <= 0:
        reason = f"the default stays: the other was no faster, {told}"
    elif low <= 0:
        reason = f"the default stays: {told} may be chance"
    elif gain < WORTH:
        reason = f"the default stays: {told} is less than {WORTH:.0%}"
    else:
        reason = f"taken: {told} over the default"
    taken = bool(low > 0 and gain >= WORTH)
    return Verdict(taken, float(gain), float(low), float(high), len(kept), left_out, foreign, reason)


def undisturbed(pairs: Sequence[tuple[M, M]]) -> list[tuple[M, M]]:
    """Pairs in which others used a quarter of a core at most."""
    return [pair for pair in pairs if max(p.foreign for p in pair) <= FOREIGN]


def _interval(pairs: Sequence[tuple[Measured, Measured]], share: float) -> tuple[float, float, float]:
    """Mean of the logarithms of the gains, and Student's interval around it."""
    from scipy.special import stdtrit

    logs = np.log([max(t.batches_per_second, 1e-9) / max(d.batches_per_second, 1e-9) for d, t in pairs])
    n = len(logs)
    wide = float(stdtrit(n - 1, 0.5 + share / 2)) * float(logs.std(ddof=1)) / np.sqrt(n)
    return float(logs.mean()), float(logs.mean()) - wide, float(logs.mean()) + wide
