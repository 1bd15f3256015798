from __future__ import annotations

import pytest

from recsys_assets.progress import silent, size_told, without_repeats


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (38_612, "39 kB"),
        (999_500, "1.0 MB"),
        (4_924_029, "4.9 MB"),
    ],
)
def test_a_size_is_told_in_the_unit_that_suits_it(size: int, words: str) -> None:
    assert size_told(size) == words


def test_a_line_that_comes_again_is_not_passed_on() -> None:
    heard: list[str] = []
    tell = without_repeats(heard.append)
    for line in ("a", "b", "a", "a"):
        tell(line)
    assert heard == ["a", "b"]


def test_nobody_is_told_nothing_at_no_cost() -> None:
    assert without_repeats(silent) is silent
