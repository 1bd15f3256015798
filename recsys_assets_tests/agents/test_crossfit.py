"""Cross-fitted worlds: nobody is believed, or simulated, by what was learned of their own ratings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recsys_assets.agents.crossfit import crossfitted, fold_rows
from recsys_assets.agents.setting import AgentSetting, make_setting
from recsys_assets.agents.tastes import fold_in_rmse
from recsys_assets_tests.agents.conftest import small_world
from recsys_assets_tests.agents.test_setting import CONFIG


def test_every_training_user_is_in_one_fold_and_nobody_else_in_any(setting: AgentSetting) -> None:
    worlds = crossfitted(setting)
    assert sorted(u for world in worlds for u in world.users["train"]) == sorted(setting.users["train"])
    for world in worlds:
        assert not set(world.training.users.values) & set(world.users["train"])
        assert set(world.training.users.values) < set(setting.users["train"])
        own = setting.histories["train"].take(np.flatnonzero(np.isin(setting.users["train"], world.users["train"])))
        np.testing.assert_array_equal(world.histories["train"].ratings, own.ratings)
        assert len(world.simulator_a("train").tastes) == len(world.users["train"])


def test_ratings_of_a_fold_change_nothing_of_its_own_tastes_and_those_of_others() -> None:
    """Planted: the people of the first fold now hate all they see."""
    interactions, catalogue = small_world()
    setting = make_setting(interactions, catalogue, CONFIG, seed=5)
    worlds = crossfitted(setting)
    spoilt = interactions.with_columns(
        rating=interactions["rating"].zip_with(
            interactions["user_id"].is_in(worlds[0].users["train"].tolist()).not_(), interactions["rating"] * 0 + 0.5
        )
    )
    others = crossfitted(make_setting(spoilt, catalogue, CONFIG, seed=5))
    np.testing.assert_array_equal(worlds[0].model.design, others[0].model.design)
    assert not np.array_equal(worlds[1].model.design, others[1].model.design)


def test_they_are_foretold_as_newcomers_are_and_not_as_those_who_were_learned_from(setting: AgentSetting) -> None:
    split = setting.splits["train"]
    as_they_are = fold_in_rmse(setting.model, split.known, split.hidden)[0]
    worlds = crossfitted(setting)
    crossed = [fold_in_rmse(w.model, w.splits["train"].known, w.splits["train"].hidden)[0] for w in worlds]
    assert np.mean(crossed) > as_they_are


def test_of_hardly_any_users_there_are_no_folds(setting: AgentSetting) -> None:
    few = replace(setting, users={**setting.users, "train": setting.users["train"][:7]})
    assert fold_rows(few, 4) == []
    assert crossfitted(few) == (few,)
