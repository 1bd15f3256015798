"""People of another data set as judges."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.environments.sessions import SessionError
from recsys_assets.agents.evaluation.elsewhere import Elsewhere, people_elsewhere, same_movies
from recsys_assets.agents.policies.simple import BeliefPolicy, PopularPolicy, RandomPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets_tests.agents.conftest import small_world


@pytest.fixture(scope="module")
def elsewhere(setting: AgentSetting) -> Elsewhere:
    """The same kind of people, drawn anew, under other movie ids; five movies have other titles there."""
    interactions, catalogue = small_world(seed=11)
    return people_elsewhere(
        setting,
        interactions.with_columns(pl.col("movie_id") + 1000),
        catalogue.with_columns(
            pl.col("movie_id") + 1000,
            title=pl.when(pl.col("movie_id") <= 5).then(pl.lit("Elsewhere ") + pl.col("title")).otherwise("title"),
        ),
        name="other",
        seed=2,
    )


def test_movies_are_the_same_by_title_and_year_where_both_name_one() -> None:
    theirs = pl.DataFrame(
        {
            "movie_id": [1, 2, 3, 4, 5],
            "title": ["Seven Samurai, The", "Twice", "Twice", "Only theirs", "Heat"],
            "year": [1954, 2000, 2000, 1999, 1986],
        }
    )
    ours = pl.DataFrame(
        {"movie_id": [10, 20, 30], "title": ["seven samurai (the)", "Twice", "Heat"], "year": [1954, 2000, 1995]}
    )
    assert same_movies(theirs, ours).rows() == [(1, 10)]


def test_only_shared_movies_are_shown_there(elsewhere: Elsewhere, setting: AgentSetting) -> None:
    assert elsewhere.n_shared == 55
    users = np.arange(len(elsewhere.sessions.known))
    log = rollout(RandomPolicy(setting.world), elsewhere.sessions, users, seeds=np.arange(3))
    shown = np.unique(log.movies[log.movies >= 0])
    assert setting.world.movies.values[shown].min() == 6
    assert len(shown) == 55
    elsewhere.sessions.reset(users[:1], np.array([0]))
    with pytest.raises(SessionError, match="movie 2"):
        elsewhere.sessions.step(np.array([2]))


def test_what_is_not_on_offer_teaches_the_service_nothing(elsewhere: Elsewhere, setting: AgentSetting) -> None:
    people, layout = elsewhere.sessions.simulator, setting.layout
    observations = elsewhere.sessions.reset(np.arange(len(people.known)), np.arange(len(people.known)))
    np.testing.assert_allclose(observations[:, layout.taste_mean], setting.model.believe(people.known).mean, atol=1e-5)
    np.testing.assert_allclose(observations[:, layout.log_known], np.log1p(people.known.lengths) / 10, atol=1e-6)


def test_beliefs_of_one_data_set_serve_the_people_of_another(elsewhere: Elsewhere, setting: AgentSetting) -> None:
    users = np.arange(len(elsewhere.sessions.known))
    greedy, popular = (
        rollout(p, elsewhere.sessions, users, seeds=np.arange(3)).returns.mean()
        for p in (BeliefPolicy(setting.world, model=setting.model), PopularPolicy(setting.world))
    )
    assert greedy > popular + 1


def test_another_kind_of_movies_is_refused(setting: AgentSetting) -> None:
    interactions, catalogue = small_world(seed=11)
    with pytest.raises(ValueError, match="books has 0 movies in common"):
        people_elsewhere(setting, interactions, catalogue.with_columns(year=pl.lit(1800)), name="books")
