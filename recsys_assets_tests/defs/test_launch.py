"""What `recsys materialize SELECTION` runs."""

from __future__ import annotations

import pytest

from recsys_assets.cli.run import SLOW
from recsys_assets.defs.launch import LaunchError, selected_assets


def names(selection: str, *, leave_out: str = "") -> set[str]:
    return {key.to_user_string() for key in selected_assets(selection, leave_out=leave_out) or ()}


def test_a_model_with_what_it_needs_or_with_what_follows_is_selected() -> None:
    assert names("svd") == {"svd"}
    assert names("*splits") >= {"published_files", "raw_ratings", "ratings", "data_snapshot", "splits"}
    assert names("svd*") >= {"svd", "leaderboard"}


@pytest.mark.parametrize("selection", ["*splits svd", "*splits, svd", "*splits,svd"])
def test_several_are_selected_together(selection: str) -> None:
    assert names(selection) == names("*splits") | {"svd"}


def test_dagsters_own_syntax_is_read() -> None:
    assert names('key:svd or tag:cost="slow"') == {"svd"} | names(SLOW)


@pytest.mark.parametrize("selection", ["*", "*leaderboard", "splits*", "svd sasrec"])
def test_quick_leaves_out_the_slow_models_of_any_selection(selection: str) -> None:
    quick = names(selection, leave_out=SLOW)
    assert quick
    assert not quick & names(SLOW)
    if selection != "*":
        assert quick == names(selection) - names(SLOW)


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ("svdd", "did you mean one of the following.*svd"),
        ('tag:cost="none"', "names no asset; there are: .*svd"),
        ("svd (", "can't be read"),
        ("ratings_by_day", "is made by day"),
    ],
)
def test_what_can_not_be_selected_is_refused_with_what_can(selection: str, said: str) -> None:
    with pytest.raises(LaunchError, match=said):
        selected_assets(selection)


def test_only_slow_models_leave_nothing_for_a_quick_run() -> None:
    with pytest.raises(LaunchError, match="names no asset"):
        selected_assets("sasrec", leave_out=SLOW)
