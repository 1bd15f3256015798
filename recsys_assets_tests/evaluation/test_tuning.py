"""A search begins at the defaults, finds what is planted, goes on where it was killed, and never sees a test row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.canvas import png_bytes
from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.objectives import Objective, ObjectiveName, objective_of
from recsys_assets.evaluation.published import Published
from recsys_assets.evaluation.scoring import score_lists, score_ratings
from recsys_assets.evaluation.tuning import Search, TriedSettings, search, space_key
from recsys_assets.evaluation.tuning_plots import history_of_search, importance_of_fields
from recsys_assets.recommenders import ModelError, Recommender, build
from recsys_assets.recommenders.parts import build_parts
from recsys_assets.recommenders.search_dimensions import nested
from recsys_assets.recommenders.search_spaces import search_space
from recsys_assets_tests.evaluation.worlds import Mean, catalogue_of, splits_of

SPACE = search_space("content")
Make = Callable[[], Recommender]


def peak(make: Make) -> float:
    """Best at prior 0.7 and a half-life of 10; nothing else matters."""
    config: Any = make().config
    return -((config.prior - 0.7) ** 2) - (0 if config.half_life == 10 else 0.2)


def planted(score: Callable[[Make], float] = peak, direction: Any = "maximize") -> Objective:
    return Objective("temporal", "closeness", direction, score)


def run(journal: Path, trials: int, objective: Objective | None = None, **options: Any) -> Search:
    return search("content", objective or planted(), SPACE, journal, trials=trials, seed=3, **options)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Search:
    return run(tmp_path_factory.mktemp("search") / "content.jsonl", 40)


def tried(result: Search) -> list[tuple[dict[str, Any], float | None]]:
    return [(t.params, t.value) for t in result.trials]


def test_the_defaults_are_tried_first_and_the_best_is_never_worse(found: Search) -> None:
    defaults = build("content").config
    assert found.default.value == peak(lambda: build("content"))
    assert found.default.params["prior"] == defaults.prior  # type: ignore[attr-defined]
    assert found.default.params["weights.genres"] == defaults.weights.genres  # type: ignore[attr-defined]
    assert found.best.value == max(t.value for t in found.trials if t.value is not None) >= found.default.value


def test_what_is_planted_is_found(found: Search) -> None:
    assert found.best.params["half_life"] == 10
    assert found.best.params["prior"] == pytest.approx(0.7, abs=0.15)
    assert max(found.importance, key=lambda name: found.importance[name]) in ("prior", "half_life")
    assert found.importance["prior"] + found.importance["half_life"] > 0.7
    assert sum(found.importance.values()) == pytest.approx(1)


def test_the_best_settings_are_a_config_of_the_model(found: Search) -> None:
    config: Any = build("content", found.config).config
    assert config.weights.genres == found.best.params["weights.genres"]
    assert peak(lambda: build("content", found.config)) == found.best.value
    assert set(found.changed) == {k for k, v in found.best.params.items() if v != found.default.params[k]}


def test_parts_that_are_better_left_out_are_and_what_changed_gives_the_same_model(tmp_path: Path) -> None:
    def alone(make: Make) -> float:
        config: Any = make().config
        return -len(config.parts) - abs(config.part_configs["content"]["interest"] - 2.0)

    space = search_space("hybrid")
    result = search("hybrid", planted(alone), space, tmp_path / "hybrid.jsonl", trials=30, seed=3)
    default: Any = build("hybrid").config
    assert result.default.value == alone(lambda: build("hybrid"))
    assert len(result.config["parts"]) < len(default.parts)
    assert result.changed["parts"] == result.config["parts"]
    assert "part_configs.content.interest" in result.changed
    whole, told = (build("hybrid", c).config for c in (result.config, nested(result.changed)))
    same = [{name: part.config for name, part in build_parts(c).items()} for c in (whole, told)]  # type: ignore[arg-type]
    assert same[0] == same[1]


def test_the_same_seed_tries_the_same_and_a_stopped_search_goes_on_as_if_it_had_not_been(
    found: Search, tmp_path: Path
) -> None:
    journal = tmp_path / "again.jsonl"
    run(journal, 7)
    heard: list[TriedSettings] = []
    resumed = run(journal, 13, told=heard.append)
    assert tried(resumed) == tried(found)[:13]
    assert [t.number for t in heard] == list(range(13))


def test_a_trial_that_was_killed_is_tried_again(found: Search, tmp_path: Path) -> None:
    def killed(make: Make) -> float:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return peak(make)

    calls: list[int] = []
    journal = tmp_path / "killed.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(journal, 8, planted(killed))
    assert tried(run(journal, 8)) == tried(found)[:8]


def test_the_journal_is_lines_of_json(tmp_path: Path) -> None:
    run(tmp_path / "journal.jsonl", 2)
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_settings_that_cannot_be_fitted_are_told_and_passed_over(tmp_path: Path) -> None:
    def fragile(make: Make) -> float:
        config: Any = make().config
        if config.half_life is not None:
            raise ModelError("too old")
        return float("nan") if config.prior > 0.9 else config.prior

    result = run(tmp_path / "journal.jsonl", 12, planted(fragile))
    failed = [t for t in result.trials if t.failure is not None]
    assert failed
    assert {t.failure for t in failed} <= {"too old", "the objective is nan"}
    assert all(t.value is None for t in failed)
    assert result.best.params["half_life"] is None
    assert len(run(tmp_path / "journal.jsonl", 12, planted(fragile)).trials) == 12


def test_a_fault_of_the_code_stops_the_search(tmp_path: Path) -> None:
    def faulty(make: Make) -> float:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        run(tmp_path / "journal.jsonl", 3, planted(faulty))


def test_nothing_that_could_be_scored_is_an_error_with_its_reason(tmp_path: Path) -> None:
    def hopeless(make: Make) -> float:
        raise ModelError("no data")

    with pytest.raises(EvaluationError, match="could be scored: no data"):
        run(tmp_path / "journal.jsonl", 2, planted(hopeless))


def test_less_is_better_where_errors_are_counted(tmp_path: Path) -> None:
    result = run(tmp_path / "journal.jsonl", 8, planted(lambda make: -peak(make), "minimize"))
    assert result.best.value == min(t.value for t in result.trials if t.value is not None)


def test_no_trial_begins_after_the_time_is_up(tmp_path: Path) -> None:
    assert len(run(tmp_path / "journal.jsonl", 50, timeout=0).trials) == 1


def test_two_searches_of_one_journal_do_not_mix(tmp_path: Path) -> None:
    def second(make: Make) -> float:
        run(tmp_path / "journal.jsonl", 2)
        return 0.0

    with pytest.raises(EvaluationError, match="another search"):
        run(tmp_path / "journal.jsonl", 2, planted(second))


def test_a_journal_is_of_one_space_seed_and_split() -> None:
    keys = {
        space_key(SPACE, seed=1, split_version="a"),
        space_key(SPACE, seed=2, split_version="a"),
        space_key(SPACE, seed=1, split_version="b"),
        space_key(SPACE[1:], seed=1, split_version="a"),
    }
    assert len(keys) == 4


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_search_has_pictures(found: Search, theme: Any) -> None:
    for figure in (history_of_search(found, theme=theme), importance_of_fields(found, theme=theme)):
        assert 2_000 < len(png_bytes(figure)) < 50_000
    (points,) = history_of_search(found).axes[0].collections
    assert len(points.get_offsets()) == 40


# -- what a search may look at -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data() -> Published:
    return Published("tiny", splits_of(), catalogue_of(50), None, "d1", "s1")


def pairs(frame: pl.DataFrame) -> set[tuple[int, int]]:
    return set(frame.select("user_id", "movie_id").iter_rows())


@pytest.mark.parametrize(
    ("name", "test_rows"),
    [
        ("temporal", pl.col("temporal") == "test"),
        ("leave-one-out", pl.col("leave_one_out") == "test"),
        ("five-fold", pl.col("fold") == 0),
    ],
)
def test_no_test_row_reaches_fit_or_score(
    name: ObjectiveName, test_rows: pl.Expr, data: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden, seen = pairs(data.splits.filter(test_rows)), []

    def spied(scorer: Callable[..., Any]) -> Callable[..., Any]:
        def score(model: Recommender, scored: pl.DataFrame, **options: Any) -> Any:
            seen.append(pairs(scored))
            seen.extend(pairs(frame) for frame in options.values() if isinstance(frame, pl.DataFrame))
            return scorer(model, scored, **options)

        return score

    for module in ("objectives", "protocols"):
        monkeypatch.setattr(f"recsys_assets.evaluation.{module}.score_lists", spied(score_lists))
        monkeypatch.setattr(f"recsys_assets.evaluation.{module}.score_ratings", spied(score_ratings))
    Mean.fits.clear()
    value = objective_of(name, data, seed=5).score(Mean)
    assert np.isfinite(value)
    assert Mean.fits
    assert seen
    fitted = [pairs(frame) for frame in Mean.fits]
    assert not any(hidden & rows for rows in (*fitted, *seen))
    assert not any(fitted[-1] & rows for rows in seen), "nor is what is scored fitted on"


@pytest.mark.parametrize("name", ["temporal", "leave-one-out", "five-fold"])
def test_what_is_in_the_test_part_does_not_move_the_objective(name: ObjectiveName, data: Published) -> None:
    column, part = {
        "temporal": ("temporal", "test"),
        "leave-one-out": ("leave_one_out", "test"),
        "five-fold": ("fold", 0),
    }[name]
    without = data.splits.filter(pl.col(column) != part)
    other = Published("tiny", without, data.catalogue, None, "d1", "s1")
    assert objective_of(name, data, seed=5).score(Mean) == objective_of(name, other, seed=5).score(Mean)


def test_the_objectives_are_the_validation_figures_of_the_protocols(data: Published) -> None:
    from recsys_assets.evaluation.protocols import fit_temporal, leave_one_out, score_temporal

    temporal = score_temporal(fit_temporal(Mean, data.splits, data.catalogue, seed=5), data.splits)
    assert objective_of("temporal", data, seed=5).score(Mean) == temporal.rankings[0].at[0].ndcg
    last = leave_one_out(Mean, data.splits, data.catalogue, part="validation", seed=5)
    assert objective_of("leave-one-out", data, seed=5).score(Mean) == last.rankings[0].at[0].ndcg


def test_ratings_are_asked_of_models_that_predict_them(data: Published) -> None:
    with pytest.raises(EvaluationError, match="predicts no ratings"):
        objective_of("five-fold", data, seed=5).score(lambda: build("popularity"))
