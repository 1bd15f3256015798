"""Bars are as long as the shares, genre under genre, in both themes."""

from __future__ import annotations

import pytest

from recsys_assets.evaluation.canvas import png_bytes
from recsys_assets.evaluation.profile_figure import PairedShares, profile_figure

SHARES = [PairedShares("Crime", 0.7, 0.25), PairedShares("War", 0.3, 0.0), PairedShares("Comedy", 0.0, 0.75)]


def test_two_bars_a_genre_the_first_at_the_top() -> None:
    figure = profile_figure(SHARES, title="User 1", listed_by="svd")
    (axis,) = figure.axes
    assert [p.get_width() for p in axis.patches] == pytest.approx([70, 30, 0, 25, 0, 75])
    assert [t.get_text() for t in axis.get_yticklabels()] == ["Crime", "War", "Comedy"]
    bottom, top = axis.get_ylim()
    assert bottom > top, "the first genre is drawn at the top"
    watched, listed = axis.patches[0], axis.patches[3]
    assert listed.get_y() == pytest.approx(watched.get_y() + watched.get_height()), "a pair touches, none covers"
    assert [t.get_text() for t in figure.legends[0].get_texts()] == [
        "watched, recent ones counted more",
        "recommended by svd",
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("shares", [SHARES, []])
def test_the_picture_is_a_small_png(shares: list[PairedShares], theme) -> None:  # type: ignore[no-untyped-def]
    png = png_bytes(profile_figure(shares, title="User 1", listed_by="svd", theme=theme))
    assert png.startswith(b"\x89PNG")
    assert len(png) < 50_000
