"""Whether a challenger becomes the champion: a pure decision with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

TOLERANCE = 0.005
"""NDCG by which a model fitted on newer data may be worse on average, where chance explains it."""


class Difference(Protocol):
    """Challenger minus champion per user: mean and 95 % bootstrap interval over `n` users."""

    @property
    def mean(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def n(self) -> int: ...


@dataclass(frozen=True)
class PromotionDecision:
    """`passed`: the gate lets it through. `promote`: the champion changes; an identical refit passes without."""

    promote: bool
    passed: bool
    reason: str
    difference: float
    low: float
    high: float
    n_users: int


def decide(
    *, has_champion: bool, same_content: bool, newer_data: bool, difference: Difference, tolerance: float = TOLERANCE
) -> PromotionDecision:
    """Promote the first of its kind, the better beyond chance, and the as good on newer data; else keep what is."""
    figures = (
        f"NDCG@10 {difference.mean:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}] over {difference.n} users"
    )
    if not has_champion:
        promote, passed, reason = True, True, "the first of its kind: there is no champion to beat"
    elif same_content:
        promote, passed, reason = False, True, "identical to the champion: nothing to promote"
    elif difference.low > 0:
        promote, passed, reason = True, True, f"better than the champion beyond chance: {figures}"
    elif newer_data and difference.high >= 0 and difference.mean >= -tolerance:
        promote, passed, reason = True, True, f"no worse than the champion, on newer data: {figures}"
    else:
        promote, passed, reason = False, False, f"does not beat the champion: {figures}"
    return PromotionDecision(promote, passed, reason, difference.mean, difference.low, difference.high, difference.n)
