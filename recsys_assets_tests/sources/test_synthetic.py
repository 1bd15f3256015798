from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from recsys_assets.settings import Settings
from recsys_assets.sources import prepare
from recsys_assets.sources.synthetic import (
    DIRTY_KINDS,
    SyntheticConfig,
    World,
    behaviour,
    make_stage,
    make_world,
    write_world,
)
from recsys_assets.sources.synthetic.sessions import SECONDS, START
from recsys_assets.sources.synthetic.users import taste_at
from recsys_assets.sources.synthetic.viewing import gumbel
from recsys_assets.sources.synthetic.words import GENRES

SMALL = SyntheticConfig(n_users=120, n_movies=300, n_ratings=6_000)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(SyntheticConfig())


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("world")
    write_world(make_stage(SyntheticConfig()), folder)
    return {p.stem: pl.read_csv(p) for p in folder.glob("*.csv")}


def written(config: SyntheticConfig, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    write_world(make_stage(config), folder)
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def in_order(ratings: pl.DataFrame) -> pl.DataFrame:
    return ratings.sort("userId", "timestamp", "movieId")


def test_extreme_random_bits_give_finite_draws_in_their_order() -> None:
    bits = np.array([0, 1, (1 << 40) - 1, 1 << 41, 1 << 63, (1 << 64) - (1 << 41) - 1, (1 << 64) - 1], dtype=np.uint64)
    with np.errstate(all="raise"):
        draws = gumbel(bits)
    assert np.isfinite(draws).all()
    assert (np.diff(draws) >= 0).all()
    assert draws[-1] > draws[-2] > draws[-3]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again = written(SMALL, tmp_path / "a"), written(SMALL, tmp_path / "b")
    other = written(SMALL.model_copy(update={"seed": 1}), tmp_path / "c")
    assert first == again
    assert set(first) == {"ratings.csv", "movies.csv", "links.csv", "tags.csv", "users.csv", "imdb.csv"}
    assert all(first[name] != other[name] for name in first)


def test_ratings_are_half_stars_once_per_user_and_movie_of_known_movies(tables: dict[str, pl.DataFrame]) -> None:
    ratings = tables["ratings"]
    assert set(ratings["rating"].unique()) <= set(np.arange(0.5, 5.1, 0.5))
    assert ratings.select("userId", "movieId").is_duplicated().sum() == 0
    assert set(ratings["movieId"]) <= set(tables["movies"]["movieId"])
    assert ratings["userId"].n_unique() == 600
    assert len(ratings) == 60_000
    assert ratings.group_by("userId").len()["len"].min() >= 20


def test_titles_are_unique_and_carry_a_year_in_range(tables: dict[str, pl.DataFrame]) -> None:
    movies = tables["movies"]
    assert movies["title"].n_unique() == len(movies) == 1_200
    year = movies["title"].str.extract(r" \((\d{4})\)$").cast(pl.Int64)
    assert year.null_count() == 0
    assert 1930 <= year.min() < 1980
    assert year.max() == 2024
    assert movies["title"].str.contains(", The (", literal=True).any(), "articles are filed as MovieLens files them"
    assert set(movies["genres"].str.split("|").explode()) <= set(GENRES)


def test_no_movie_is_rated_before_its_year(tables: dict[str, pl.DataFrame]) -> None:
    year = pl.col("title").str.extract(r" \((\d{4})\)$").cast(pl.Int32)
    rated = tables["ratings"].join(tables["movies"].with_columns(year.alias("year")), on="movieId")
    seen = pl.from_epoch("timestamp").dt.year()
    assert rated.filter(seen < pl.col("year")).height <= 0.001 * rated.height


def test_popularity_is_skewed(world: World) -> None:
    counts = np.sort(np.bincount(world.ratings.movie, minlength=len(world.movies)))
    n = len(counts)
    gini = (2 * np.arange(1, n + 1) - n - 1) @ counts / (n * counts.sum())
    assert 0.45 < gini < 0.8
    assert counts[-n // 10 :].sum() > 0.3 * counts.sum()
    assert (counts < 5).any(), "there are cold movies"


def test_activity_is_long_tailed(world: World) -> None:
    activity = np.bincount(world.ratings.user)
    assert activity.max() > 5 * np.median(activity)


def test_genres_matter_to_what_is_watched_and_how_it_is_liked(tables: dict[str, pl.DataFrame]) -> None:
    """Users' own genre means explain later ratings; the most watched genre stays the most watched."""
    movies = tables["movies"].with_columns(pl.col("genres").str.split("|").list.first().alias("genre"))
    rated = tables["ratings"].join(movies, on="movieId")
    rated = rated.with_columns(
        residual=pl.col("rating") - pl.col("rating").mean().over("userId") - pl.col("rating").mean().over("movieId"),
        half=pl.col("movieId") % 2,
    )
    by = rated.group_by("userId", "genre", "half").agg(pl.col("residual").mean(), pl.len().alias("n"))
    by = by.filter(pl.col("n") >= 5)
    pair = by.filter(half=0).join(by.filter(half=1), on=["userId", "genre"])
    assert pair.select(pl.corr("residual", "residual_right")).item() > 0.25

    share = rated.group_by("userId", "genre", "half").len().sort("len", descending=True)
    top = share.group_by("userId", "half", maintain_order=True).agg(pl.col("genre").first())
    both = top.filter(half=0).join(top.filter(half=1), on="userId")
    assert (both["genre"] == both["genre_right"]).mean() > 0.55


def test_a_low_rank_model_can_beat_user_and_movie_means(world: World) -> None:
    """The planted tastes explain a good part of what the biases leave, and noise stays below that."""
    ratings, config = world.ratings, world.config
    share = ((ratings.timestamp - START) / SECONDS).astype(np.float32)
    match = (taste_at(world.users, ratings.user, share, config.drift) * world.movies.factors[ratings.movie]).sum(1)
    left = ratings.stars - world.users.bias[ratings.user] - world.movies.quality[ratings.movie]
    assert np.corrcoef(left, match)[0, 1] > 0.6


def test_successive_movies_of_a_session_are_more_alike_than_the_users_movies_in_any_order(world: World) -> None:
    ratings, factors = world.ratings, world.movies.factors
    rng = np.random.default_rng(0)

    def likeness(order: np.ndarray, apart: int) -> float:
        user, movie, time = ratings.user[order], ratings.movie[order], ratings.timestamp[order]
        pairs = (user[1:] == user[:-1]) & (np.abs(np.diff(time)) < apart)
        return float((factors[movie[1:]] * factors[movie[:-1]]).sum(axis=1)[pairs].mean())

    by_time = likeness(np.lexsort((ratings.timestamp, ratings.user)), 900)
    shuffled = likeness(np.lexsort((rng.random(len(ratings)), ratings.user)), 1 << 60)
    assert by_time > shuffled + 0.1


def test_users_come_back_so_that_a_temporal_split_has_warm_users(tables: dict[str, pl.DataFrame]) -> None:
    ratings = in_order(tables["ratings"])
    cut = ratings["timestamp"].quantile(0.8)
    before = ratings.filter(pl.col("timestamp") <= cut).group_by("userId").len()
    after = ratings.filter(pl.col("timestamp") > cut)
    warm = after.join(before.filter(pl.col("len") >= 5), on="userId", how="semi")
    assert warm["userId"].n_unique() > 150
    assert len(warm) > 0.7 * len(after)
    gaps = ratings.select((pl.col("timestamp").diff() > 86_400).over("userId").sum())
    assert gaps.item() > 2 * 600


def test_users_arrive_over_years_and_popularity_drifts(tables: dict[str, pl.DataFrame]) -> None:
    ratings = tables["ratings"].with_columns(pl.from_epoch("timestamp").dt.year().alias("year"))
    first = ratings.group_by("userId").agg(pl.col("year").min())["year"]
    assert first.n_unique() >= 6

    def top(years: set[int]) -> set[int]:
        seen = ratings.filter(pl.col("year").is_in(years)).group_by("movieId").len()
        return set(seen.sort("len", "movieId", descending=True)["movieId"].head(100))

    assert 10 < len(top({2016, 2017, 2018}) & top({2022, 2023, 2024})) < 80


def test_late_ratings_follow_the_taste_of_their_day_and_less_that_of_the_first(world: World) -> None:
    ratings = world.ratings
    share = ((ratings.timestamp - START) / SECONDS).astype(np.float32)
    late = share > 0.75
    user, movie = ratings.user[late], ratings.movie[late]
    left = ratings.stars[late] - world.users.bias[user] - world.movies.quality[movie]

    def agreement(when: np.ndarray) -> float:
        taste = taste_at(world.users, user, when, world.config.drift)
        return float(np.corrcoef(left, (taste * world.movies.factors[movie]).sum(axis=1))[0, 1])

    assert agreement(share[late]) > agreement(np.zeros_like(share[late])) + 0.1


def test_plots_tell_the_genre(tables: dict[str, pl.DataFrame]) -> None:
    imdb = tables["imdb"]
    horror = imdb.filter(pl.col("genres") == "Horror")["description"].str.to_lowercase()
    romance = imdb.filter(pl.col("genres") == "Romance")["description"].str.to_lowercase()
    words = "ghost|haunted|curse|slasher|monster|possession|campers|nurse"
    assert horror.str.contains(words).mean() > 0.9
    assert romance.str.contains(words).mean() < 0.1
    assert imdb["description"].str.ends_with(".").all()
    assert imdb["description"].n_unique() > 0.95 * len(imdb)


def test_directors_and_actors_keep_to_genres(tables: dict[str, pl.DataFrame]) -> None:
    imdb = tables["imdb"].with_row_index()
    for people in (pl.concat_list("director"), pl.col("cast").str.split(", ")):
        rows = imdb.select(people.alias("name"), pl.col("genres").str.split(", ")).explode("name").explode("genres")
        of_genre = rows.group_by("name", "genres").len(name="n")
        kept = of_genre.group_by("name").agg(pl.col("n").max().alias("most"), pl.col("n").sum().alias("all"))
        kept = kept.filter(pl.col("all") >= 6)
        commonest = rows.group_by("genres").len()["len"].max() / len(rows)
        assert (kept["most"] / kept["all"]).mean() > 1.7 * commonest


def test_imdb_rows_join_by_id_and_mostly_have_one(tables: dict[str, pl.DataFrame]) -> None:
    imdb, links = tables["imdb"], tables["links"]
    joined = imdb.filter(pl.col("imdb_id").is_not_null()).join(
        links.select(pl.format("tt{}", "imdbId").alias("imdb_id"), "movieId"), on="imdb_id"
    )
    assert 0.85 * len(imdb) < len(joined) < 0.95 * len(imdb)
    titles = joined.join(tables["movies"], on="movieId")
    assert titles.select((pl.col("title_right").str.contains(pl.col("year").cast(pl.String))).all()).item()
    assert imdb["rating"].is_between(1, 10).all()


def test_votes_follow_what_is_rated(tables: dict[str, pl.DataFrame]) -> None:
    counts = tables["ratings"].group_by("movieId").len()
    imdb = tables["movies"].with_columns(tables["imdb"]["votes"]).join(counts, on="movieId")
    assert imdb.select(pl.corr("votes", "len", method="spearman")).item() > 0.6


def test_tags_are_on_rated_movies(tables: dict[str, pl.DataFrame]) -> None:
    tags = tables["tags"]
    assert len(tags) > 500
    assert tags.join(tables["ratings"], on=["userId", "movieId"], how="anti").is_empty()


def test_dirty_rows_are_the_known_ones_in_turn(tmp_path: Path) -> None:
    clean = written(SMALL, tmp_path / "a")
    dirty = written(SMALL.model_copy(update={"dirty_rows": 7}), tmp_path / "b")
    assert {n for n in clean if clean[n] != dirty[n]} == {"ratings.csv"}
    lines = dirty["ratings.csv"].decode().splitlines()
    kinds = list(DIRTY_KINDS)
    assert lines[:-7] == clean["ratings.csv"].decode().splitlines()
    assert lines[-7] == ",".join(DIRTY_KINDS["rating_above_range"]) == "1,1,11.0,1500000000"
    assert lines[-7 + kinds.index("duplicate")] == lines[1]
    assert lines[-2:] == [",".join(DIRTY_KINDS[kind]) for kind in ("rating_above_range", "rating_nan")]


def test_blocks_are_drawn_side_by_side_and_threads_change_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(behaviour, "BLOCK", 500)
    many = written(SMALL, tmp_path / "many")
    monkeypatch.setattr(behaviour, "THREADS", 1)
    assert written(SMALL, tmp_path / "one") == many
    blocks = list(make_stage(SMALL).rating_blocks())
    assert len(blocks) > 10
    assert sum(len(block) for block in blocks) == SMALL.n_ratings
    firsts = [(block.user[0], block.user[-1]) for block in blocks]
    assert firsts == sorted(firsts)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(firsts))


def test_what_is_written_is_what_was_made(world: World, tables: dict[str, pl.DataFrame]) -> None:
    made = world.ratings
    assert (tables["ratings"]["userId"] == pl.Series(made.user + 1)).all()
    assert (tables["ratings"]["movieId"] == pl.Series(world.movies.movie_id[made.movie])).all()
    assert (tables["ratings"]["rating"].cast(pl.Float32) == pl.Series(made.stars)).all()
    assert (tables["ratings"]["timestamp"] == pl.Series(made.timestamp)).all()


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 40), st.integers(20, 80), st.floats(0.001, 0.29), st.integers(0, 2**32))
def test_any_size_gives_a_valid_world(n_users: int, n_movies: int, density: float, seed: int) -> None:
    asked = max(1, int(density * n_users * n_movies))
    config = SyntheticConfig(n_users=n_users, n_movies=n_movies, n_ratings=asked, seed=seed)
    ratings = make_world(config).ratings
    assert len(ratings) == asked
    assert ratings.movie.max() < n_movies
    assert ratings.user.max() < n_users
    assert np.isfinite(ratings.stars).all()
    assert len(np.unique(ratings.user.astype(np.int64) * n_movies + ratings.movie)) == len(ratings)


def test_a_world_too_full_is_refused_with_advice() -> None:
    with pytest.raises(ValidationError, match="ask for more users or movies"):
        SyntheticConfig(n_users=10, n_movies=20, n_ratings=150)


def test_generated_files_are_used_again_and_spoiled_ones_made_anew(settings: Settings) -> None:
    said: list[str] = []
    files = prepare(settings, progress=said.append, synthetic_config=SMALL)
    assert {f.table for f in files.files} == {
        "raw_ratings",
        "raw_movies",
        "raw_links",
        "raw_tags",
        "raw_users",
        "raw_imdb_movies",
    }
    assert set(files.sha256) == {f.path.name for f in files.files}
    said.clear()
    assert prepare(settings, progress=said.append, synthetic_config=SMALL) == files
    assert said == []
    (ratings,) = files.of_table("raw_ratings")
    whole = ratings.path.read_bytes()
    ratings.path.write_bytes(whole[:-10])
    prepare(settings, progress=said.append, synthetic_config=SMALL)
    assert ratings.path.read_bytes() == whole
    assert any("anew" in line for line in said)


def test_the_deployments_seed_is_the_worlds_unless_stated(settings: Settings) -> None:
    one = prepare(settings)
    two = prepare(settings.model_copy(update={"seed": 7}))
    assert one.sha256["ratings.csv"] != two.sha256["ratings.csv"]
