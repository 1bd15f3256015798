"""Pictures say what the figures say, fit in metadata, and no name covers another."""

from __future__ import annotations

import base64
import itertools
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.canvas import look_of, markdown_image, png_bytes
from recsys_assets.evaluation.plots import history_buckets, history_figure, quality_figure, ranking_figure
from recsys_assets.evaluation.results import Evaluation
from recsys_assets.evaluation.tradeoff import tradeoff_figure

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_are_small_pngs(evaluations: dict[str, Evaluation], theme) -> None:
    models = list(evaluations.values())
    figures = [
        quality_figure(models, best="oracle", theme=theme),
        tradeoff_figure(models, theme=theme),
        tradeoff_figure(models, against="speed", theme=theme),
        tradeoff_figure(models, against="fit", theme=theme),
        history_figure(models, theme=theme),
        ranking_figure(models[0], theme=theme),
    ]
    for figure in figures:
        png = png_bytes(figure)
        assert png.startswith(PNG)
        assert 2_000 < len(png) < 50_000


def test_a_picture_in_markdown_holds_itself(evaluations: dict[str, Evaluation]) -> None:
    image = markdown_image(ranking_figure(evaluations["mean"]), alt="quality of mean")
    head, data = image.split("base64,")
    assert head == "![quality of mean](data:image/png;"
    assert base64.b64decode(data.removesuffix(")")).startswith(PNG)


def test_bars_are_as_long_as_the_means(evaluations: dict[str, Evaluation]) -> None:
    models = list(evaluations.values())
    left, right = quality_figure(models).axes
    assert [p.get_width() for p in left.patches] == pytest.approx(
        [e.metrics()["temporal_test_warm_ndcg_at_10"] for e in models]
    )
    assert [p.get_width() for p in right.patches] == pytest.approx([e.metrics()["loo_test_ndcg_at_10"] for e in models])
    assert [t.get_text() for t in left.get_yticklabels()] == list(evaluations)


def test_a_model_without_rankings_still_has_a_picture(evaluations: dict[str, Evaluation]) -> None:
    bare = replace(evaluations["mean"], rankings=())
    for figure in (ranking_figure(bare), quality_figure([bare]), tradeoff_figure([bare]), history_figure([bare])):
        assert png_bytes(figure).startswith(PNG)


def test_buckets_of_history_hold_every_user_once() -> None:
    lengths = np.array([0, 0, 1, 20, 21, 50, 51, 100, 101, 200, 201, 9000])
    per_user = pl.DataFrame({"n_history": lengths, "ndcg_at_10": lengths / 9000})
    buckets = history_buckets(per_user, seed=0)
    assert [b.label for b in buckets] == ["none", "1-20", "21-50", "51-100", "101-200", "over 200"]
    assert [b.value.n for b in buckets] == [2] * 6
    assert [b.value.mean for b in buckets] == pytest.approx(
        [0, 21 / 18e3, 71 / 18e3, 151 / 18e3, 301 / 18e3, 9201 / 18e3]
    )


@pytest.mark.parametrize("n", [6, 25])
def test_no_name_covers_another(evaluations: dict[str, Evaluation], n: int) -> None:
    from matplotlib.text import Annotation, Text

    base = evaluations["chance"]
    places = [0.5] * n if n <= 6 else np.random.default_rng(0).random(n).tolist()
    crowd = [
        replace(
            base,
            model=f"model number {i}",
            rankings=tuple(
                replace(r, coverage=x, at=(replace(r.at[0], ndcg=r.at[0].ndcg + (x if n > 6 else 0)), *r.at[1:]))
                for r in base.rankings
            ),
        )
        for i, x in enumerate(places)
    ]
    figure = tradeoff_figure(crowd)
    figure.draw_without_rendering()
    notes = [t for t in figure.axes[0].texts if isinstance(t, Annotation)]
    assert [n.get_text() for n in notes] == [e.model for e in crowd]
    boxes = [Text.get_window_extent(n) for n in notes]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_no_two_models_look_alike() -> None:
    for theme in ("light", "dark"):
        assert len({look_of(place, theme) for place in range(64)}) == 64


def test_the_front_joins_models_that_no_other_beats_in_both(evaluations: dict[str, Evaluation]) -> None:
    def at(model: str, seconds: float, ndcg: float) -> Evaluation:
        base = evaluations["chance"]
        rankings = tuple(replace(r, at=(replace(r.at[0], ndcg=ndcg), *r.at[1:])) for r in base.rankings)
        return replace(base, model=model, fit_seconds=seconds, rankings=rankings)

    models = [at("best", 9, 0.5), at("quick", 1, 0.1), at("beaten", 5, 0.1), at("middle", 3, 0.3), at("slow", 20, 0.4)]
    (line,) = tradeoff_figure(models, against="fit").axes[0].lines
    assert line.get_xdata().tolist() == [1, 3, 9]
    assert line.get_ydata().tolist() == pytest.approx([0.1, 0.3, 0.5])
