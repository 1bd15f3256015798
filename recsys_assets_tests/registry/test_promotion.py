from __future__ import annotations

from dataclasses import dataclass

import pytest

from recsys_assets.registry.promotion import decide


@dataclass(frozen=True)
class Difference:
    mean: float
    low: float
    high: float
    n: int = 100


BETTER, NOISE, SLIGHTLY_WORSE, WORSE = (
    Difference(0.02, 0.01, 0.03),
    Difference(0.001, -0.01, 0.012),
    Difference(-0.02, -0.05, 0.001),
    Difference(-0.03, -0.04, -0.02),
)


@pytest.mark.parametrize(
    ("has_champion", "same", "newer", "difference", "promote", "passed"),
    [
        (False, False, False, WORSE, True, True),
        (True, True, False, NOISE, False, True),
        (True, True, True, NOISE, False, True),
        (True, False, False, BETTER, True, True),
        (True, False, True, NOISE, True, True),
        (True, False, False, NOISE, False, False),
        (True, False, True, SLIGHTLY_WORSE, False, False),
        (True, False, True, WORSE, False, False),
    ],
)
def test_the_gate(has_champion, same, newer, difference, promote, passed) -> None:
    decision = decide(has_champion=has_champion, same_content=same, newer_data=newer, difference=difference)
    assert (decision.promote, decision.passed) == (promote, passed)


def test_a_refusal_gives_its_figures() -> None:
    decision = decide(has_champion=True, same_content=False, newer_data=True, difference=WORSE)
    assert "-0.0300 [-0.0400, -0.0200] over 100 users" in decision.reason
