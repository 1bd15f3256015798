"""The picture of a switch says what its table says."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.canvas import png_bytes
from recsys_assets.evaluation.rule_figure import rule_figure

TABLE = pl.DataFrame(
    {
        "ratings_known": ["1-2", "3-9", "10 or more"],
        "answers": ["popularity", "popularity", "content"],
        "users": [1000, 0, 80],
        "ndcg_content": [0.02, None, 0.09],
        "ndcg_popularity": [0.05, None, 0.04],
    }
)


def test_a_line_a_part_and_a_ring_around_who_answers() -> None:
    (axis,) = rule_figure(TABLE).axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in axis.lines}
    assert lines == {"content": [[0, 0.02], [2, 0.09]], "popularity": [[0, 0.05], [2, 0.04]]}
    (rings,) = axis.collections
    assert np.asarray(rings.get_offsets()).tolist() == [[0, 0.05], [2, 0.09]]
    ticks = [t.get_text().split("\n") for t in axis.get_xticklabels()]
    assert ticks == [["1-2", "(1,000)", "popularity"], ["3-9", "(0)", "popularity"], ["10 or more", "(80)", "content"]]
    assert axis.get_ylim()[0] == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("users", [[1000, 0, 80], [0, 0, 0]])
def test_the_picture_is_a_small_png_even_where_nothing_was_measured(users, theme) -> None:  # type: ignore[no-untyped-def]
    png = png_bytes(rule_figure(TABLE.with_columns(users=pl.Series(users)), theme=theme))
    assert png.startswith(b"\x89PNG")
    assert len(png) < 50_000
