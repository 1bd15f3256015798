"""What an agent's challenger must not fall below, and what is decided of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from recsys_assets.registry.floors import (
    Floor,
    decide_agent,
    holdout_floor,
    no_figure,
    off_policy_floor,
    return_floor,
)


@dataclass(frozen=True)
class Difference:
    mean: float
    low: float
    high: float
    n: int = 100


EQUAL = Difference(0.0, 0.0, 0.0)


def holdout(difference: Difference = EQUAL) -> Floor:
    return holdout_floor(difference, challenger=0.1 + difference.mean, champion=0.1, margin=0.005)


def simulated(difference: Difference = EQUAL) -> Floor:
    return return_floor(difference, challenger=10 + difference.mean, champion=10, share=0.03)


def off_policy(difference: Difference = EQUAL) -> Floor:
    return off_policy_floor(difference, challenger=1 + difference.mean, champion=1.0, share=0.1)


def decide(*floors: Floor, newer: bool = True) -> tuple[bool, bool, str]:
    found = decide_agent(has_champion=True, same_content=False, newer_data=newer, floors=floors)
    return found.promote, found.passed, found.reason


@pytest.mark.parametrize(
    ("floor", "holds"),
    [
        (holdout(Difference(-0.005, -0.02, 0.01)), True),
        (holdout(Difference(-0.006, -0.02, 0.01)), False),
        (holdout(Difference(-0.001, -0.002, -0.0005)), False),
        (simulated(Difference(-0.3, -0.5, -0.1)), True),
        (simulated(Difference(-0.31, -0.5, 0.1)), False),
        (off_policy(Difference(-0.3, -0.5, -0.1)), True),
        (off_policy(Difference(-0.3, -0.5, -0.11)), False),
        (no_figure("off-policy value", "no log"), True),
    ],
)
def test_each_figure_may_fall_by_its_margin_and_no_further(floor: Floor, holds: bool) -> None:
    assert floor.holds == holds


def test_a_share_is_of_the_champions_figure_whatever_its_sign() -> None:
    assert simulated().margin == pytest.approx(0.3)
    assert return_floor(EQUAL, challenger=-2, champion=-2, share=0.5).margin == pytest.approx(1.0)


def test_no_worse_on_newer_data_is_promoted_and_on_the_same_data_is_not() -> None:
    assert decide(holdout(), simulated(), off_policy())[:2] == (True, True)
    assert decide(holdout(), simulated(), off_policy(), newer=False)[:2] == (False, False)


def test_better_in_one_figure_is_promoted_on_the_same_data_too() -> None:
    promoted, _, reason = decide(holdout(), simulated(Difference(1, 0.5, 1.5)), newer=False)
    assert promoted
    assert "better than the champion beyond chance" in reason


def test_one_figure_that_falls_too_far_refuses_whatever_the_others_gain_and_is_named() -> None:
    bad = simulated(Difference(-1, -1.5, -0.5))
    promoted, passed, reason = decide(holdout(Difference(0.1, 0.05, 0.2)), bad, off_policy())
    assert (promoted, passed) == (False, False)
    assert reason == "falls too far: simulated return -1.0000 [-1.5000, -0.5000], margin 0.3000"


def test_a_figure_that_is_not_had_neither_refuses_nor_counts_as_better() -> None:
    absent = no_figure("off-policy value", "12 decisions are worth 3")
    assert not absent.better
    assert decide(holdout(), simulated(), absent, newer=False)[0] is False
    assert "no figure (12 decisions are worth 3)" in decide(holdout(), simulated(), absent)[2]


def test_the_first_and_the_identical_pass() -> None:
    bad = holdout(Difference(-1, -1, -1))
    first = decide_agent(has_champion=False, same_content=False, newer_data=False, floors=[bad])
    same = decide_agent(has_champion=True, same_content=True, newer_data=True, floors=[bad])
    assert (first.promote, first.passed) == (True, True)
    assert (same.promote, same.passed) == (False, True)
