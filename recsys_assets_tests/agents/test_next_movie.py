"""Next movies foretold: events cut by hand, policies whose hits are known, and the recommender's own lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.evaluation.comparison import Contestant
from recsys_assets.agents.evaluation.next_movie import first_lists, foretold, last_events
from recsys_assets.agents.policies.of_recommenders import RecommenderPolicy
from recsys_assets.agents.policies.simple import PopularPolicy, RandomPolicy, ScoringPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.recommenders import build
from recsys_assets.recommenders.data import FloatArray, Histories


def test_each_of_the_last_movies_comes_with_all_that_was_rated_before_it(setting: AgentSetting) -> None:
    histories = setting.histories["held_out"]
    events = last_events(histories, last=3)
    expected = []
    for user in range(len(histories)):
        own = histories.movies[histories.indptr[user] : histories.indptr[user + 1]].tolist()
        expected += [(user, own[:-back], own[-back]) for back in (1, 2, 3) if len(own) > back]
    for row, (user, before, following) in enumerate(expected):
        start, stop = events.known.indptr[row : row + 2]
        assert events.owners[row] == user
        assert events.known.movies[start:stop].tolist() == before
        assert events.following[row] == following
    assert len(events.owners) == len(expected)


def test_whoever_has_one_rating_is_no_event() -> None:
    histories = Histories.from_columns(
        np.array([0, 1, 1]), 2, np.array([4, 5, 6]), np.array([3.0, 4.0, 5.0]), np.array([1, 2, 3])
    )
    events = last_events(histories)
    assert events.owners.tolist() == [1]
    assert events.following.tolist() == [6]


@dataclass
class Clairvoyant(ScoringPolicy):
    """Gives the movie that follows each event the `place`-th highest score."""

    following: np.ndarray | None = None
    place: int = 0

    def scores(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        assert self.following is not None
        scores = np.zeros((len(observations), len(self.world)), dtype=np.float32)
        allowed = np.ones(scores.shape, dtype=bool)
        allowed[self.known.rows, self.known.movies] = False
        allowed[np.arange(len(scores)), self.following] = False
        for row in range(len(scores)):
            scores[row, np.flatnonzero(allowed[row])[: self.place]] = 2
        scores[np.arange(len(scores)), self.following] = 1
        return scores


@pytest.mark.parametrize(("place", "hit", "gain"), [(0, 1.0, 1.0), (9, 1.0, 1 / np.log2(11)), (10, 0.0, 0.0)])
def test_hits_and_gains_are_those_of_the_place_in_the_list(
    setting: AgentSetting, place: int, hit: float, gain: float
) -> None:
    following = last_events(setting.histories["held_out"], last=2).following
    policy = Clairvoyant(setting.world, name="knows", following=following, place=place)
    found = foretold(Contestant.of(policy), setting, last=2)
    assert (found.hit_rate.mean, found.ndcg.mean) == pytest.approx((hit, gain))
    assert found.n_events == len(following)
    assert found.hit_rate.n == len(setting.users["held_out"])


def test_a_contestant_of_several_trainings_has_their_mean(setting: AgentSetting) -> None:
    following = last_events(setting.histories["held_out"], last=2).following
    pair = tuple(Clairvoyant(setting.world, name="k", following=following, place=p) for p in (0, 10))
    assert foretold(Contestant("k", pair), setting, last=2).hit_rate.mean == pytest.approx(0.5)


def test_chance_hits_as_often_as_chance_does(setting: AgentSetting) -> None:
    events = last_events(setting.histories["train"])
    chance = np.mean(10 / (len(setting.world) - events.known.lengths))
    found = foretold(Contestant.of(RandomPolicy(setting.world)), setting, group="train")
    assert found.hit_rate.mean == pytest.approx(chance, abs=4 * (chance / len(events.owners)) ** 0.5)


def test_a_recommender_as_policy_lists_what_it_lists_for_a_newcomer(setting: AgentSetting) -> None:
    model = build("ease").fit_data(setting.training)
    known = setting.splits["held_out"].known
    lists = first_lists(RecommenderPolicy(setting.world, name="ease", model=model), setting, known, k=5)
    movies = setting.world.movies.values
    for row in np.flatnonzero(known.lengths > 0)[:6]:
        own = slice(known.indptr[row], known.indptr[row + 1])
        ratings = pl.DataFrame({"movie_id": movies[known.movies[own]], "rating": known.ratings[own]})
        assert model.fold_in(ratings, 5).movies[0].tolist() == movies[lists[row]].tolist()


def test_a_policy_that_ranks_nothing_is_named(setting: AgentSetting) -> None:
    class OneMovie:
        name = "one movie"

        def begin(self, known: object, layout: object) -> None: ...

        def act(self, observations: FloatArray, rng: np.random.Generator) -> np.ndarray:
            return np.zeros(len(observations), dtype=np.int64)

    with pytest.raises(TypeError, match="one movie chooses one movie and ranks none"):
        first_lists(OneMovie(), setting, setting.splits["held_out"].known)


def test_the_most_rated_are_listed_in_their_order(setting: AgentSetting) -> None:
    nothing = setting.splits["held_out"].known.take(np.array([-1]))
    lists = first_lists(PopularPolicy(setting.world), setting, nothing, k=5)
    assert lists[0].tolist() == np.argsort(-setting.world.popularity, kind="stable")[:5].tolist()
