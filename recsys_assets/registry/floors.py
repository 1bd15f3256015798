"""What an agent's challenger must not fall below: figures of the champion, less a margin.

    hold-out          NDCG@10 on the frozen temporal test part: refused where it is worse by more than the margin on
                      average, or worse beyond chance
    simulated return  of a session with held-out simulated people: refused where it is worse by more than the margin
    off-policy value  SNIPS of a decision, by what people answered in our logs: refused where it is below the margin
                      beyond chance

The hold-out is scored with what was fitted before it, so it says nothing of the feedback that has come since; the other
two judge the very exports that people are served, which have learned from all of it. Where our logs are worth too few
decisions of a policy (`offpolicy.estimators.LEAST`), that figure is not had, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recsys_assets.registry.promotion import Difference, PromotionDecision


@dataclass(frozen=True)
class Floor:
    """One figure of challenger and champion, and whether the challenger's is high enough."""

    name: str
    challenger: float | None
    champion: float | None
    difference: float
    low: float
    high: float
    n: int
    margin: float
    holds: bool
    not_had: str = ""
    """Why there is no figure; it then holds."""

    @property
    def better(self) -> bool:
        """Beyond chance."""
        return not self.not_had and self.low > 0

    @property
    def said(self) -> str:
        if self.not_had:
            return f"{self.name}: no figure ({self.not_had})"
        return f"{self.name} {self.difference:+.4f} [{self.low:+.4f}, {self.high:+.4f}], margin {self.margin:.4f}"


def holdout_floor(difference: Difference, *, challenger: float, champion: float, margin: float) -> Floor:
    holds = difference.mean >= -margin and difference.high >= 0
    return _floor("NDCG@10", challenger, champion, difference, margin, holds)


def return_floor(difference: Difference, *, challenger: float, champion: float, share: float) -> Floor:
    """`share`: of the champion's return that may be lost."""
    margin = share * abs(champion)
    return _floor("simulated return", challenger, champion, difference, margin, difference.mean >= -margin)


def off_policy_floor(difference: Difference, *, challenger: float, champion: float, share: float) -> Floor:
    """`share`: of the champion's value that may be lost."""
    margin = share * abs(champion)
    return _floor("off-policy value", challenger, champion, difference, margin, difference.high >= -margin)


def no_figure(name: str, why: str) -> Floor:
    return Floor(name, None, None, 0.0, 0.0, 0.0, 0, 0.0, True, why)


def decide_agent(
    *, has_champion: bool, same_content: bool, newer_data: bool, floors: Sequence[Floor]
) -> PromotionDecision:
    """Promote an agent that falls below no floor, and is better beyond chance in one figure or knows newer data.

    `floors`: the hold-out's is the first.
    """
    figures = "; ".join(floor.said for floor in floors)
    broken = [floor for floor in floors if not floor.holds]
    better = [floor for floor in floors if floor.better]
    if not has_champion:
        promote, passed, reason = True, True, "the first of its kind: there is no champion to beat"
    elif same_content:
        promote, passed, reason = False, True, "identical to the champion: nothing to promote"
    elif broken:
        promote, passed, reason = False, False, f"falls too far: {'; '.join(floor.said for floor in broken)}"
    elif better:
        promote, passed, reason = (
            True,
            True,
            f"better than the champion beyond chance and nowhere too far off: {figures}",
        )
    elif newer_data:
        promote, passed, reason = True, True, f"no worse than the champion, on newer data: {figures}"
    else:
        promote, passed, reason = False, False, f"does not beat the champion: {figures}"
    first = floors[0]
    return PromotionDecision(promote, passed, reason, first.difference, first.low, first.high, first.n)


def _floor(name: str, challenger: float, champion: float, difference: Difference, margin: float, holds: bool) -> Floor:
    return Floor(
        name, challenger, champion, difference.mean, difference.low, difference.high, difference.n, margin, holds
    )
