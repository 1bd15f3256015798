"""The simulator's check: cuts that meet real ratings, faults that are found, and planted habits read from logs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.setting import AgentSetting, SettingConfig, make_setting
from recsys_assets.agents.simulators.base import STREAK, Temper
from recsys_assets.agents.simulators.calibration import (
    Felt,
    chance_error,
    fit_cuts,
    given_above,
    reliability,
    scale_step,
)
from recsys_assets.agents.simulators.evidence import (
    BREAK_SECONDS,
    CONSTANTS,
    bad_streaks,
    behaviour_evidence,
    overlaps,
    sessions_of,
)
from recsys_assets.agents.simulators.figures import validation_figure
from recsys_assets.agents.simulators.validation import SimulatorReport, validate_simulator
from recsys_assets.agents.simulators.variants import variants
from recsys_assets.agents.tastes import TasteConfig, TasteModel
from recsys_assets.recommenders.data import Histories
from recsys_assets_tests.agents.conftest import small_world
from recsys_assets_tests.agents.dqn.worlds import world_of

CONFIG = SettingConfig(taste=TasteConfig(factors=3, rounds=10), text_width=4)


@pytest.fixture(scope="module")
def report(setting: AgentSetting) -> SimulatorReport:
    return validate_simulator(setting)


def test_a_rating_counts_for_what_lies_within_half_a_step_of_it() -> None:
    halves = np.array([3.5, 4.0, 4.5, 5.0], dtype=np.float32)
    np.testing.assert_allclose(given_above(halves, 4.25), [0, 0, 1, 1])
    whole = np.array([2, 3, 4, 5], dtype=np.float32)
    np.testing.assert_allclose(given_above(whole, 4.25), [0, 0, 0.25, 1])
    np.testing.assert_allclose(given_above(whole, 3.25), [0, 0.25, 1, 1])
    assert (scale_step(halves), scale_step(whole), scale_step(whole[:1])) == (0.5, 1.0, 0.5)


def test_as_much_is_felt_above_a_cut_as_is_given(setting: AgentSetting) -> None:
    train, stars = setting.histories["train"], (4.25, 3.25, 2.25)
    felt = Felt.of(setting.model, train, train)
    for cut, star in zip(fit_cuts(setting.model, train, stars), stars, strict=True):
        assert felt.above(cut).mean() == pytest.approx(given_above(train.ratings, star).mean(), abs=1e-6)


def test_the_felt_chance_is_that_of_a_normal_with_belief_and_noise() -> None:
    model = TasteModel(np.array([3.0], "f4"), np.ones((1, 1), "f4"), np.array([[0.25]], "f4"), 0.75)
    nothing = Histories(np.array([0, 0]), np.zeros(0, "i4"), np.zeros(0, "f4"), np.zeros(0, "i8"))
    asked = Histories(np.array([0, 1]), np.zeros(1, "i4"), np.ones(1, "f4"), np.zeros(1, "i8"))
    felt = Felt.of(model, nothing, asked)
    assert felt.above(3.0)[0] == pytest.approx(0.5)
    assert felt.above(4.0)[0] == pytest.approx(0.158655, abs=1e-5)  # one deviation: 0.25 + 0.75 = 1


def test_cuts_that_are_given_are_kept_and_others_are_fitted() -> None:
    given = Temper(felt=(4.0, 3.0, 2.0))
    config = CONFIG.model_copy(update={"temper": given})
    assert make_setting(*small_world(), config, seed=5).config.temper == given
    fitted = make_setting(*small_world(), CONFIG, seed=5).config.temper
    assert fitted.felt is not None
    assert fitted.cuts == fitted.felt
    assert Temper().cuts == Temper().stars


def test_reliability_by_hand() -> None:
    rows = reliability(np.array([0.1, 0.15, 0.5, 1.0], "f4"), np.array([0, 1, 1, 1], "f4"))
    np.testing.assert_allclose(rows, [[0.125, 0.5, 2], [0.5, 1, 1], [1, 1, 1]])


def test_people_like_those_they_are_made_of_pass(report: SimulatorReport) -> None:
    assert report.passed, report.summary
    assert report.fold_in_rmse < 0.8 * report.level_rmse
    np.testing.assert_allclose([report.predicted.sum(), report.observed.sum()], 1, rtol=1e-5)
    for rows, share in zip(report.reliability, np.cumsum(report.observed)[:3], strict=True):
        assert rows[:, 2].sum() == report.n_ratings
        assert (rows[:, 1] * rows[:, 2]).sum() / report.n_ratings == pytest.approx(share, abs=1e-4)
    assert report.simulated_lengths.max() <= report.temper.horizon
    assert "assumed of people: boredom 1.5" in report.assumptions


def test_tastes_without_a_pattern_are_found_out() -> None:
    """Planted: everybody's ratings are shuffled over movies and people."""
    interactions, catalogue = small_world()
    shuffled = interactions.with_columns(pl.col("rating").shuffle(seed=1))
    found = validate_simulator(make_setting(shuffled, catalogue, CONFIG, seed=5))
    assert not found.passed
    assert "tastes tell little" in found.summary


def test_cuts_in_the_wrong_place_are_found_out() -> None:
    config = CONFIG.model_copy(update={"temper": Temper(felt=(3.0, 2.0, 1.0))})
    found = validate_simulator(make_setting(*small_world(), config, seed=5))
    assert not found.passed
    assert "skip is" in found.summary
    assert "off its share" in found.summary


def test_the_error_of_chance_is_that_of_users_who_are_all_of_a_kind() -> None:
    """100 users whose ten differences are all alike are 100 differences, not 1,000."""
    own = np.random.default_rng(0).normal(size=100)
    found = chance_error(np.repeat(own, 10)[:, None].astype("f4"), np.repeat(np.arange(100), 10))
    assert found[0] == pytest.approx(own.std() / 10, rel=1e-3)


def test_sessions_streaks_and_overlaps_are_as_one_counts_them_one_by_one() -> None:
    rng = np.random.default_rng(0)
    users = np.sort(rng.integers(0, 6, 200))
    times = np.cumsum(rng.choice([10, BREAK_SECONDS, BREAK_SECONDS + 1], 200, p=[0.7, 0.1, 0.2]))
    histories = Histories.from_columns(users, 6, rng.integers(0, 5, 200), rng.choice([2.0, 4.0], 200), times)
    directions = rng.random((5, 3)).astype(np.float32)
    session, bad = sessions_of(histories), histories.ratings < 3
    streak = bad_streaks(bad, session)
    overlap = overlaps(histories.movies.astype(np.int64), session, directions, memory=0.5)
    number, run, exposure = -1, 0, np.zeros(3)
    for t, movie in enumerate(histories.movies):
        gap = histories.timestamps[t] - histories.timestamps[t - 1]
        if t == 0 or histories.rows[t] != histories.rows[t - 1] or gap > BREAK_SECONDS:
            number, run, exposure = number + 1, 0, np.zeros(3)
        run = run + 1 if bad[t] else 0
        assert (session[t], streak[t]) == (number, run)
        assert overlap[t] == pytest.approx(exposure @ directions[movie], abs=1e-3)
        exposure = 0.5 * exposure + 0.5 * directions[movie]


def test_planted_boredom_and_impatience_are_read_from_logs() -> None:
    """40 people lose 0.8 stars with full overlap, leave after 0.1 of good, 0.25 of bad, 0.45 of exhausting ratings."""
    rng, world = np.random.default_rng(3), world_of(["a"] * 20 + ["b"] * 20 + ["c"] * 20)
    model = TasteModel(np.full(60, 3.5, "f4"), np.ones((60, 1), "f4"), np.eye(1, dtype="f4") * 0.2, 0.25)
    rows = []
    for user in range(40):
        bias, time, exposure, streak = rng.normal(0, 0.4), 0, np.zeros(3), 0
        for _ in range(400):
            movie = int(rng.integers(60))
            felt = 3.5 + bias - 0.8 * exposure @ world.directions[movie] + rng.normal(0, 0.5)
            bad = felt < 3.25
            streak = streak + 1 if bad else 0
            exposure = 0.7 * exposure + 0.3 * world.directions[movie]
            rows.append((user, movie, felt, time))
            if rng.random() < 0.1 + 0.15 * bad + 0.2 * (streak >= STREAK):
                time, exposure, streak = time + 100_000, np.zeros(3), 0
            time += 60
    u, i, r, t = (np.array(column) for column in zip(*rows, strict=True))
    found = behaviour_evidence(Histories.from_columns(u, 40, i, r, t), model, world, Temper())
    assert found.n_ratings == 16_000
    for name, truth in zip(CONSTANTS, (0.8, 0.1, 0.15, 0.2), strict=True):
        estimate = getattr(found, name)
        assert estimate.low - 0.02 < truth < estimate.high + 0.02, name
        assert estimate.high - estimate.low < 0.2, name
    assert found.temper(Temper()).boredom == found.boredom.mean


def test_people_who_list_what_they_saw_show_no_boredom(report: SimulatorReport) -> None:
    assert abs(report.evidence.boredom.mean) < 0.3
    assert report.evidence.temper(report.temper).boredom >= 0
    assert report.evidence.session_lengths.sum() == report.evidence.n_ratings


def test_each_variant_changes_what_it_says_and_nothing_else(report: SimulatorReport) -> None:
    found = variants(report.temper, report.evidence)
    assert found["boredom x 0"] == report.temper.model_copy(update={"boredom": 0.0})
    assert found["leaving x 2"].leave_when_bad == 2 * report.temper.leave_when_bad
    assert found["unknown movies are considered like known ones"].considered == (1.0, 0.0)
    assert all(temper != report.temper and temper.cuts == report.temper.cuts for temper in found.values())


def test_the_plots_show_both_halves(report: SimulatorReport) -> None:
    figure = validation_figure(report)
    assert [axis.get_title(loc="left") for axis in figure.axes] == [
        "Hidden ratings of held-out users",
        "Length of sessions",
    ]
    assert len(figure.axes[0].collections) == 3
