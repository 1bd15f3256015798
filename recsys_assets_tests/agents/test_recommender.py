"""The agent as a recommender: its modes, its newcomers, and reasons that say what drove a list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.newcomers import STATED, STATED_NOISE, AgentNewcomers
from recsys_assets.agents.recommender import DqnAgent, DqnAgentConfig
from recsys_assets.recommenders.models import build, load_model
from recsys_assets.recommenders.results import ModelError
from recsys_assets_tests.agents.conftest import GENRES, small_world
from recsys_assets_tests.recommenders.conftest import QUICK

USERS = np.array([1, 2, 3, 40])
CONFIG = QUICK["dqn_agent"] | {"sequence": {"model": "none"}}


@pytest.fixture(scope="module")
def agent() -> DqnAgent:
    found = build("dqn_agent", CONFIG).fit(*small_world(), seed=5)
    assert isinstance(found, DqnAgent)
    return found


def genres_of(agent: DqnAgent, movies: np.ndarray) -> list[str]:
    named = dict(agent.catalogue.select("movie_id", pl.col("genres").list.first()).iter_rows())
    return [named[int(movie)] for movie in movies]


def likes_of(genre: int, n: int = 4) -> pl.DataFrame:
    """A few movies of one genre, liked."""
    return pl.DataFrame({"movie_id": [3 * i + genre + 1 for i in range(n)], "rating": [5.0] * n})


def z(scores: np.ndarray) -> np.ndarray:
    return (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)


def test_content_alone_ranks_by_the_cosine_to_what_was_liked(agent: DqnAgent) -> None:
    found = agent.in_mode(alpha=1.0).scores(USERS)
    for row, user in enumerate(USERS):
        history = agent.histories.take(agent.users.index(np.array([user])))
        profile = sum((r - 3.0) * agent.content[m] for r, m in zip(history.ratings, history.movies, strict=True))
        cosines = agent.content @ (profile / np.linalg.norm(profile))
        np.testing.assert_allclose(found[row], z(cosines[None])[0], atol=1e-3)


def test_a_blend_lies_between_the_agent_and_content_on_one_scale(agent: DqnAgent) -> None:
    alone, content = agent.scores(USERS), agent.in_mode(alpha=1.0).scores(USERS)
    blend = agent.in_mode(alpha=0.3).scores(USERS)
    np.testing.assert_allclose(blend, 0.7 * z(alone) + 0.3 * z(content), atol=1e-3)


def test_asking_in_a_mode_changes_nothing_but_that_answer(agent: DqnAgent) -> None:
    before = agent.scores(USERS)
    other = agent.in_mode(alpha=0.5, genres=["comedy"], genre_bias=2.0)
    assert (agent.scores(USERS) == before).all()
    assert (other.scores(USERS) != before).any()
    np.testing.assert_array_equal(other.in_mode(alpha=0.0, genres=[]).scores(USERS), before)


@pytest.mark.parametrize("genre", GENRES)
def test_the_genres_asked_for_are_raised_by_what_was_asked(agent: DqnAgent, genre: str) -> None:
    mild, strong = (agent.in_mode(genres=[genre], genre_bias=bias) for bias in (0.5, 50.0))
    of_genre = np.array([name == genre for name in genres_of(agent, agent.movies.values)])
    np.testing.assert_allclose(mild.scores(USERS), z(agent.scores(USERS)) + 0.5 * of_genre, atol=1e-3)
    for movies in strong.recommend(USERS, 5).movies:
        assert set(genres_of(agent, movies)) == {genre}


def test_what_is_no_mode_is_refused_in_words(agent: DqnAgent) -> None:
    with pytest.raises(ModelError, match="no movie has genre 'Opera'"):
        agent.in_mode(genres=["Opera"])
    with pytest.raises(ModelError, match="alpha: Input should be less than or equal to 1"):
        agent.in_mode(alpha=1.5)


def test_a_mode_is_kept_with_an_export(agent: DqnAgent, tmp_path: Path) -> None:
    mode = agent.in_mode(alpha=0.4, genres=["Drama"])
    mode.save(tmp_path / "agent")
    loaded = load_model(tmp_path / "agent")
    assert isinstance(loaded.config, DqnAgentConfig)
    assert (loaded.config.alpha, loaded.config.genres) == (0.4, ("Drama",))
    np.testing.assert_array_equal(loaded.scores(USERS), mode.scores(USERS))


MODES: tuple[dict[str, Any], ...] = (
    {},
    {"alpha": 0.4},
    {"genres": ["Horror", "Drama"]},
    {"alpha": 1.0, "genres": ["Comedy"], "genre_bias": 0.2},
)


@pytest.mark.parametrize("mode", MODES)
def test_reasons_add_up_in_every_mode_and_name_the_users_own_ratings(agent: DqnAgent, mode: dict) -> None:
    asked = agent.in_mode(**mode)
    answer = asked.recommend(USERS, 3)
    for user, movies, scores in zip(USERS, answer.movies, answer.scores, strict=True):
        history = agent.histories.take(agent.users.index(np.array([user])))
        own = dict(zip(agent.movies.values[history.movies].tolist(), history.ratings.tolist(), strict=True))
        for movie, score in zip(movies, scores, strict=True):
            told = asked.explain(int(user), int(movie))
            assert sum(r.contribution for r in told.reasons) == pytest.approx(score, abs=1e-4)
            named = {r.movie_id: r.rating for r in told.reasons if r.movie_id is not None}
            assert named.items() <= own.items()
            assert len(named) >= 5
    told = asked.explain_fold_in(likes_of(1), 60)
    assert sum(r.contribution for r in told.reasons) == pytest.approx(told.score, abs=1e-4)


def test_each_rating_is_said_to_do_what_the_belief_loses_without_it(agent: DqnAgent) -> None:
    """The belief is linear in the ratings: one that is a star higher adds its share a star's worth."""
    ratings, movie = likes_of(0).with_columns(rating=pl.Series([5.0, 4.0, 2.0, 3.5])), 7
    taste, history = agent.taste, agent.history_of(ratings)
    shares = taste.shares(history, movie)
    believed = taste.believe(history).mean[0] @ taste.design[movie]
    assert shares.sum() == pytest.approx(believed, abs=1e-4)
    higher = history.ratings.copy()
    higher[2] += 1
    changed = type(history)(history.indptr, history.movies, higher, history.timestamps)
    moved = taste.believe(changed).mean[0] @ taste.design[movie] - believed
    residual = history.ratings[2] - taste.base[history.movies[2]]
    assert shares[2] / residual == pytest.approx(moved, rel=1e-3)


@pytest.mark.parametrize("genre", range(3))
def test_a_few_likes_are_enough_to_be_shown_more_of_the_kind(agent: DqnAgent, genre: int) -> None:
    """The planted world: who likes movies of one genre likes them all."""
    movies = agent.fold_in(likes_of(genre), 5).movies[0]
    assert genres_of(agent, movies).count(GENRES[genre]) >= 4
    reasons = agent.explain_fold_in(likes_of(genre), int(movies[0])).reasons
    assert max((r for r in reasons if r.kind == "history"), key=lambda r: r.contribution).contribution > 0


def test_a_named_genre_is_believed_as_the_gaussian_has_it(agent: DqnAgent) -> None:
    """Conditioning a Gaussian on both statements at once, by the book."""
    newcomers = agent.newcomers
    assert isinstance(newcomers, AgentNewcomers)
    design, weights = agent.taste.design.astype(np.float64), agent.policy.items.popularity.astype(np.float64)
    everything = weights @ design / weights.sum()
    rows = []
    for genre in ("Comedy", "Horror"):
        mine = weights * np.array([name == genre for name in genres_of(agent, agent.movies.values)])
        rows.append(mine @ design / mine.sum() - everything)
    a, prior = np.stack(rows), agent.taste.prior.astype(np.float64)
    gain = prior @ a.T @ np.linalg.inv(a @ prior @ a.T + STATED_NOISE * np.eye(2))
    believed = newcomers.believed(("Comedy", "Horror"))
    np.testing.assert_allclose(believed.mean[0], gain @ np.full(2, STATED), atol=1e-3)
    np.testing.assert_allclose(believed.covariance[0], prior - gain @ a @ prior, atol=1e-3)


def test_newcomers_who_name_genres_are_answered_by_the_agent_within_them(agent: DqnAgent) -> None:
    nobody = np.array([999])
    answer = agent.recommend(nobody, 30, genres=["horror", "Drama"])
    shown = answer.movies[0][answer.movies[0] > 0]
    assert set(genres_of(agent, shown)) == {"Horror", "Drama"}
    assert agent.route(0, genres=["Horror"]).part == "dqn_agent"
    assert agent.route(0).part == "popularity"
    for movie in (*shown[:3], 1):
        told = agent.explain(999, int(movie), genres=["horror", "Drama"])
        assert sum(r.contribution for r in told.reasons) == pytest.approx(told.score, abs=1e-4)
        assert any(r.kind == "genre" for r in told.reasons)
    first = agent.explain(999, int(shown[0]), genres=["Horror", "Drama"])
    assert first.score == pytest.approx(answer.scores[0, 0], abs=1e-4)
    assert agent.recommend(nobody, 5).movies[0].tolist() == agent.fold_in(likes_of(0, 0), 5).movies[0].tolist()
