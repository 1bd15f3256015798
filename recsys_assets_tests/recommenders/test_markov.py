"""Transitions against a loop over all pairs, and worlds that only an order explains."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from recsys_assets.progress import silent
from recsys_assets.recommenders import Recommender, build, transitions
from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.transitions import Weighing, keep_largest, transition_counts
from recsys_assets_tests.recommenders.worlds import World, frame

RING = 12
PLAIN = {"window": 1, "backward": 0.0, "recency": 0.5, "shrinkage": 0.0, "prior": 0.0}


def random_histories(*, users: int = 12, movies: int = 9, seed: int = 0) -> Histories:
    """Each rates some movies once; several at the same moment, several moments a day apart."""
    rng = np.random.default_rng(seed)
    u, m = np.nonzero(rng.random((users, movies)) < 0.6)
    times = rng.choice([0, 5, 60, 86_400], len(u))
    return Histories.from_columns(u, users, m, rng.choice([1.0, 3.0, 5.0], len(u)), times)


def counted_by_loop(
    h: Histories, n_movies: int, *, window: int, decay: float, backward: float, gap_scale: float | None
):
    counts = np.zeros((n_movies, n_movies))
    for start, stop in zip(h.indptr[:-1], h.indptr[1:], strict=True):
        for p in range(start, stop):
            for q in range(p + 1, min(stop, p + window + 1)):
                gap = int(h.timestamps[q] - h.timestamps[p])
                weight = decay ** (q - p - 1) / (1 if gap_scale is None else 1 + math.log(1 + gap / gap_scale))
                there, back = (1, backward) if gap else ((1 + backward) / 2,) * 2
                counts[h.movies[p], h.movies[q]] += there * weight
                counts[h.movies[q], h.movies[p]] += back * weight
    return counts


def ring_world(*, users: int = 30, steps: int = 5, seed: int = 0) -> World:
    """Whoever has seen movie i sees i + 1 of a ring next: each movie is as popular as any, and all ratings are 4.

    Company says nothing of the direction; only the order does.
    """
    start = np.random.default_rng(seed).permutation(np.arange(users) % RING)
    u, step = np.divmod(np.arange(users * steps), steps)
    movies = (start[u] + step) % RING
    catalogue = pl.DataFrame(
        {
            "movie_id": np.arange(RING) * 7 + 3,
            "title": [f"Part {i}" for i in range(RING)],
            "year": [2000] * RING,
            "genres": [["Drama"]] * RING,
        }
    )
    return World(frame(u + 1, movies * 7 + 3, np.full(len(u), 4.0), u * 13 + step * 100), catalogue)


@pytest.mark.parametrize("gap_scale", [None, 10.0])
@pytest.mark.parametrize(("window", "decay", "backward"), [(1, 0.5, 0.0), (3, 0.7, 0.4), (50, 1.0, 1.0)])
def test_transitions_equal_a_loop_over_all_pairs(
    window: int, decay: float, backward: float, gap_scale: float | None
) -> None:
    h = random_histories()
    counts = transition_counts(h, 9, Weighing(window, decay, backward, gap_scale), silent)
    expected = counted_by_loop(h, 9, window=window, decay=decay, backward=backward, gap_scale=gap_scale)
    np.testing.assert_allclose(counts.toarray(), expected, rtol=1e-5, atol=1e-6)


def test_transitions_counted_in_blocks_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    h, weighing, told = random_histories(users=40), Weighing(5, 0.8, 0.5, None), []
    whole = transition_counts(h, 9, weighing, silent)
    monkeypatch.setattr(transitions, "BLOCK_PAIRS", 60)
    blocks = transition_counts(h, 9, weighing, told.append)
    assert len(told) > 5
    np.testing.assert_allclose(blocks.toarray(), whole.toarray(), rtol=1e-5)


def test_movies_rated_at_one_moment_have_no_order_whatever_their_ids() -> None:
    rows, when = np.zeros(5, dtype=np.int64), np.full(5, 77)
    weighing = Weighing(10, 1.0, 0.2, None)
    for movies in (np.arange(5), np.array([3, 1, 4, 0, 2])):
        h = Histories.from_columns(rows, 1, movies, np.ones(5), when)
        np.testing.assert_allclose(
            transition_counts(h, 5, weighing, silent).toarray(), 0.6 * (1 - np.eye(5)), rtol=1e-6
        )


def test_sums_that_grow_too_large_go_on_with_their_largest(monkeypatch: pytest.MonkeyPatch) -> None:
    h, weighing = random_histories(users=200), Weighing(1, 1.0, 0.0, None)
    monkeypatch.setattr(transitions, "BLOCK_PAIRS", 100)
    whole = transition_counts(h, 9, weighing, silent).toarray()
    capped = transition_counts(h, 9, weighing, silent, neighbours=2).toarray()
    assert ((capped > 0).sum(axis=1) < (whole > 0).sum(axis=1)).all()
    assert (capped <= whole).all()


def test_the_largest_of_each_row_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transitions, "SORTED_VALUES", 20)
    h = random_histories(users=30)
    full = transition_counts(h, 9, Weighing(4, 0.9, 1.0, None), silent)
    kept = keep_largest(full.copy(), 3).toarray()
    assert ((kept > 0).sum(axis=1) == 3).all()
    np.testing.assert_allclose(np.sort(kept, axis=1)[:, -3:], np.sort(full.toarray(), axis=1)[:, -3:])
    np.testing.assert_array_equal(keep_largest(full.copy(), 9).toarray(), full.toarray())


def test_a_score_is_the_decayed_sum_of_normalized_transitions() -> None:
    world = ring_world()
    config = {"window": 4, "decay": 0.5, "backward": 0.3, "recency": 0.6, "prior": 0.0, "shrinkage": 2.0}
    exponents = {"history_exponent": 0.7, "movie_exponent": 0.2}
    model = build("markov", config | exponents).fit(world.interactions, world.catalogue)
    h = model.histories
    counts = counted_by_loop(h, RING, window=4, decay=0.5, backward=0.3, gap_scale=None)
    rated = np.bincount(h.movies, minlength=RING) + 2.0
    normalized = counts * rated[:, None] ** -0.7 * rated[None, :] ** -0.2
    own = h.movies[h.indptr[3] : h.indptr[4]]
    expected = sum(0.6 ** (len(own) - 1 - p) * normalized[m] for p, m in enumerate(own))
    np.testing.assert_allclose(model.scores(model.users.values[3:4])[0], expected, rtol=1e-4, atol=1e-6)


def test_where_only_the_order_tells_what_comes_next_markov_knows() -> None:
    world = ring_world()
    model = build("markov", PLAIN).fit(world.interactions, world.catalogue)
    last = model.histories.movies[model.histories.indptr[1:] - 1].astype(int)
    shown = model.recommend(model.users.values, 1).movies[:, 0]
    assert (shown == (last + 1) % RING * 7 + 3).all()
    blind = build("markov", PLAIN | {"backward": 1.0}).fit(world.interactions, world.catalogue)
    scores = blind.scores(blind.users.values)
    rows = np.arange(len(last))
    np.testing.assert_allclose(scores[rows, (last + 1) % RING], scores[rows, (last - 1) % RING], rtol=0.5)


def test_what_a_history_movie_contributes_is_its_weighted_transition() -> None:
    world = ring_world()
    model = build("markov", PLAIN).fit(world.interactions, world.catalogue)
    newcomer = pl.DataFrame({"movie_id": [3, 10], "rating": [4.0, 2.0]})
    (reason,) = [r for r in model.explain_fold_in(newcomer, 17).reasons if r.kind == "history"]
    assert (reason.movie_id, reason.rating, reason.label) == (10, 2.0, "Part 1 (2000)")
    assert reason.contribution == pytest.approx(float(model.transitions[1, 2]))  # type: ignore[attr-defined]
    assert model.similar(np.array([10]), 3)[0].tolist() == [[17, -1, -1]]


def test_liked_movies_lead_further_where_ratings_are_heeded() -> None:
    world = ring_world()
    newcomer = pl.DataFrame({"movie_id": [3, 45], "rating": [5.0, 1.0]})
    config = PLAIN | {"recency": 1.0}
    heeding = build("markov", config | {"rating_weight": 0.5}).fit(world.interactions, world.catalogue)
    deaf = build("markov", config).fit(world.interactions, world.catalogue)

    def gain(movie: int) -> float:
        found = [m.explain_fold_in(newcomer, movie).score for m in (heeding, deaf)]
        return found[0] / found[1]

    assert gain(10) == pytest.approx(math.exp(1.0), rel=1e-4)
    assert gain(52) == pytest.approx(math.exp(-1.0), rel=1e-4)


def test_movies_of_one_moment_count_alike_unless_all_events_are_told_apart() -> None:
    """Two ratings of one moment: their order is random, and by default says nothing."""
    world = ring_world()
    ratings = pl.DataFrame({"movie_id": [3, 45], "rating": [4.0, 4.0]}).with_columns(timestamp=pl.datetime(2020, 1, 1))
    even, uneven = (
        build("markov", PLAIN | {"age": age}).fit(world.interactions, world.catalogue) for age in ("moments", "events")
    )

    def attention(model: Recommender) -> list[float]:
        return sorted(model._attention(model.history_of(ratings)).data.tolist())  # type: ignore[attr-defined]

    assert attention(even) == [1.0, 1.0]
    assert attention(uneven) == [0.5, 1.0]
