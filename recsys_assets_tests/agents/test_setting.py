"""Who teaches whom: nothing of validation and held-out people enters what an agent learns from."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.content_state import movie_features, next_profile
from recsys_assets.agents.setting import AgentSetting, SettingConfig, make_setting
from recsys_assets.agents.tastes import TasteConfig
from recsys_assets.agents.users import GROUPS, groups_of
from recsys_assets_tests.agents.conftest import small_world

CONFIG = SettingConfig(taste=TasteConfig(factors=3, rounds=5), text_width=4)


def test_groups_are_disjoint_and_hold_everybody(setting: AgentSetting) -> None:
    ids = np.concatenate([setting.users[group] for group in GROUPS])
    assert len(ids) == len(np.unique(ids)) == 150
    assert len(setting.users["held_out"]) == pytest.approx(30, abs=12)


def test_a_user_stays_in_their_group_when_others_come(setting: AgentSetting) -> None:
    some, more = groups_of(np.arange(1, 100), seed=5), groups_of(np.arange(1, 1000), seed=5)
    for group in GROUPS:
        assert set(some[group]) <= set(more[group])


def test_ratings_of_held_out_people_change_nothing_that_teaches(setting: AgentSetting) -> None:
    """Planted: held-out people now rate everything with half a star."""
    interactions, catalogue = small_world()
    kept_out = setting.users["held_out"].tolist() + setting.users["validation"].tolist()
    spoilt = interactions.with_columns(rating=pl.when(pl.col("user_id").is_in(kept_out)).then(0.5).otherwise("rating"))
    one, other = make_setting(interactions, catalogue, CONFIG, seed=5), make_setting(spoilt, catalogue, CONFIG, seed=5)
    np.testing.assert_array_equal(one.model.base, other.model.base)
    np.testing.assert_array_equal(one.model.design, other.model.design)
    np.testing.assert_array_equal(one.world.popularity, other.world.popularity)
    np.testing.assert_array_equal(one.world.features, other.world.features)
    np.testing.assert_array_equal(one.simulator_a("train").tastes, other.simulator_a("train").tastes)
    assert one.config.temper == other.config.temper
    assert (one.simulator_a("held_out").tastes != other.simulator_a("held_out").tastes).any()


def test_what_is_known_comes_before_what_is_hidden(setting: AgentSetting) -> None:
    for group in GROUPS:
        known, hidden, every = setting.splits[group].known, setting.splits[group].hidden, setting.histories[group]
        np.testing.assert_array_equal(known.lengths + hidden.lengths, every.lengths)
        both = (known.lengths > 0) & (hidden.lengths > 0)
        last = known.timestamps[np.maximum(known.indptr[1:] - 1, 0)][both]
        first = hidden.timestamps[np.minimum(hidden.indptr[:-1], len(hidden.timestamps) - 1)][both]
        assert (last <= first).all()
    assert (setting.splits["train"].known.lengths == 0).any()


def test_too_few_people_are_refused_in_words() -> None:
    interactions, catalogue = small_world(users=2)
    with pytest.raises(ValueError, match="too few"):
        make_setting(interactions, catalogue, CONFIG, seed=5)


def test_features_are_genres_text_and_rating_in_that_order() -> None:
    genres = np.array([[1, 0], [0.5, 0.5], [0, 0]], dtype=np.float32)
    texts = ["space ship war", "love story war", ""]
    found = movie_features(genres, texts, np.array([8.0, np.nan, 6.0], dtype=np.float32), seed=1, text_width=5)
    assert found.shape == (3, 8)
    np.testing.assert_array_equal(found[:, :2], [[1, 0], [1, 1], [0, 0]])
    np.testing.assert_allclose(found[:, -1], [0.8, 0.7, 0.6])
    assert (found[2, 2:7] == 0).all()
    again = movie_features(genres, texts, np.array([8.0, np.nan, 6.0], dtype=np.float32), seed=1, text_width=5)
    np.testing.assert_array_equal(found, again)


def test_a_profile_nears_what_was_liked_and_leaves_what_was_not() -> None:
    profile, movie = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    near = next_profile(profile, movie, np.array([True]))
    far = next_profile(profile, movie, np.array([False]))
    np.testing.assert_allclose(near, [[0.7, 0.3]] / np.hypot(0.7, 0.3), rtol=1e-6)
    np.testing.assert_allclose(far, [[1.15, -0.15]] / np.hypot(1.15, 0.15), rtol=1e-6)
