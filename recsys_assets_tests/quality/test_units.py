from __future__ import annotations

import pytest

from recsys_assets.quality.rules import rules_of
from recsys_assets.quality.units import told
from recsys_assets.warehouse.tables import RATINGS


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (26_024_289.0, "number", "26,024,289"),
        (0.60441, "number", "0.6044"),
        (0, "share", "0 %"),
        (-0.676869, "share", "-67.7 %"),
        (0.00003947, "share", "0.00395 %"),
        (36, "hours", "36 hours"),
        (0.0055, "hours", "0 hours"),
        (51.27, "hours", "51.3 hours"),
        (None, "share", "no number"),
        (float("nan"), "number", "no number"),
    ],
)
def test_a_figure_is_told_with_its_unit(value: float | None, unit: str, words: str) -> None:
    assert told(value, unit) == words


def test_what_is_expected_is_told_in_the_same_unit() -> None:
    expected = {rule.name: rule.expected for rule in rules_of(RATINGS)}
    assert expected["rows_have_not_collapsed"] == "at least -50 %"
    assert expected["rows_are_as_many"] == "at least -10 % and at most 100 %"
    assert expected["quarantined_share"] == "at most 5 %"
    assert expected["is_fresh"] == "at most 36 hours"
    assert expected["stars_has_not_drifted"] == "at most 0.1"
