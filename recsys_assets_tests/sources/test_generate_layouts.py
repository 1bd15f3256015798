from __future__ import annotations

import ast
import csv
import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from recsys_assets.sources.files import SourceError
from recsys_assets.sources.imdb_official import OFFICIAL_FILES
from recsys_assets.sources.own import recognised
from recsys_assets.sources.synthetic import SyntheticConfig, World, behaviour, make_world
from recsys_assets.sources.synthetic.layouts import LAYOUTS, sized, write_drop
from recsys_assets.sources.synthetic.layouts.literals import dict_literal, text_literal
from recsys_assets_tests.sources.generated import by_column, made, of_layout, read_ratings, rows

SMALL = SyntheticConfig(n_users=700, n_movies=1_600, n_ratings=15_000, seed=7)
RATED = [name for name, layout in LAYOUTS.items() if layout.ratings]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(SMALL)


@pytest.fixture(scope="module")
def drops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("drops")
    for name, layout in LAYOUTS.items():
        write_drop(layout, SMALL, root / name)
    return {name: root / name for name in LAYOUTS}


@pytest.mark.parametrize("layout", RATED)
def test_ratings_read_back_are_the_ratings_made(layout: str, world: World, drops: dict[str, Path]) -> None:
    expected = made(world)
    if layout in ("ml-100k", "ml-1m"):
        expected = expected.with_columns(pl.col("rating").ceil())
    assert_frame_equal(read_ratings(of_layout(layout, drops[layout])["raw_ratings"]), expected)


@pytest.mark.parametrize("layout", RATED)
def test_a_drop_is_recognised_by_its_files(layout: str, drops: dict[str, Path]) -> None:
    assert recognised(drops[layout]) == layout


@pytest.mark.parametrize("layout", RATED)
def test_every_movie_is_listed_once_and_every_rated_one_is_among_them(layout: str, drops: dict[str, Path]) -> None:
    files = of_layout(layout, drops[layout])
    listed = [int(movie["movie_id"]) for movie in by_column(files["raw_movies"])]
    assert sorted(listed) == list(range(1, SMALL.n_movies + 1))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    layout: str, drops: dict[str, Path], tmp_path: Path
) -> None:
    def content(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    write_drop(LAYOUTS[layout], SMALL, tmp_path / "again")
    assert content(tmp_path / "again") == content(drops[layout])
    write_drop(LAYOUTS[layout], SMALL.model_copy(update={"seed": 8}), tmp_path / "other")
    assert content(tmp_path / "other") != content(drops[layout])


@pytest.mark.parametrize(
    ("layout", "file", "start", "line_end"),
    [
        ("ml-latest", "ratings.csv", b"userId,movieId,rating,timestamp\r\n1,", b"\r\n"),
        ("ml-1m", "ratings.dat", b"1::", b"\n"),
        ("ml-10m", "ratings.dat", b"1::", b"\n"),
        ("movies-dataset", "ratings.csv", b"userId,movieId,rating,timestamp\r\n1,", b"\r\n"),
        ("movies-dataset", "credits.csv", b"cast,crew,id\r\n\"[{'cast_id': 1, 'character': ", b"\r\n"),
    ],
)
def test_files_begin_and_end_as_published(
    layout: str, file: str, start: bytes, line_end: bytes, drops: dict[str, Path]
) -> None:
    content = (drops[layout] / file).read_bytes()
    assert content.startswith(start)
    assert content.endswith(line_end)
    assert content.count(b"\r") == (content.count(b"\r\n") if line_end == b"\r\n" else 0)


def test_titles_of_each_layout_use_its_encoding_and_its_quotes(drops: dict[str, Path]) -> None:
    for layout in ("ml-100k", "ml-1m"):
        titles = [movie["title"] for movie in by_column(of_layout(layout, drops[layout])["raw_movies"])]
        assert any("Été sans fin" in title for title in titles)
        with pytest.raises(UnicodeDecodeError):
            (drops[layout] / {"ml-100k": "u.item", "ml-1m": "movies.dat"}[layout]).read_text(encoding="utf-8")
    for layout in ("ml-latest", "ml-10m"):
        titles = [movie["title"] for movie in by_column(of_layout(layout, drops[layout])["raw_movies"])]
        assert any("七つの海" in title for title in titles)
        assert any(title.startswith('"') for title in titles) == (layout == "ml-latest")


def test_users_of_100k_and_1m_have_demographics_in_their_codes(drops: dict[str, Path]) -> None:
    old, million = (by_column(of_layout(name, drops[name])["raw_users"]) for name in ("ml-100k", "ml-1m"))
    assert len(old) == len(million) == SMALL.n_users
    assert {user["age"] for user in million} <= {"1", "18", "25", "35", "45", "50", "56"}
    assert {user["occupation"] for user in million} <= {str(i) for i in range(21)}
    assert {user["gender"] for user in old} == {"F", "M"}
    for one, other in zip(old, million, strict=True):
        assert one["zip_code"] == other["zip_code"]
        assert int(other["age"]) <= max(int(one["age"]), 1) or int(one["age"]) < 18


def test_genre_flags_of_100k_say_what_the_names_of_1m_say(drops: dict[str, Path]) -> None:
    flags = by_column(of_layout("ml-100k", drops["ml-100k"])["raw_movies"])
    named = by_column(of_layout("ml-1m", drops["ml-1m"])["raw_movies"])
    for one, other in zip(flags, named, strict=True):
        assert {c.removeprefix("genre:") for c, v in one.items() if v == "1" and c.startswith("genre:")} == set(
            other["genres"].split("|")
        )
    assert any("Children's" in movie["genres"] for movie in named)


def test_ten_million_writes_half_stars_without_needless_zeros(drops: dict[str, Path]) -> None:
    ratings = {row[2] for row in rows(of_layout("ml-10m", drops["ml-10m"])["raw_ratings"])}
    assert ratings == {"0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5"}


def metadata(folder: Path) -> list[dict[str, str]]:
    with (folder / "movies_metadata.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_metadata_has_three_shifted_rows_whose_id_is_a_date(drops: dict[str, Path], mirror: Path) -> None:
    shifted = [row for row in metadata(drops["movies-dataset"]) if not row["id"].isdigit()]
    original = [row for row in metadata(mirror / "the-movies-dataset") if not row["id"].isdigit()]
    assert shifted == original
    assert [row["id"] for row in shifted] == ["1997-08-20", "2012-09-29", "2014-01-01"]


def test_metadata_has_duplicates_empty_votes_and_movies_that_lack_a_tmdb_id(drops: dict[str, Path]) -> None:
    folder = drops["movies-dataset"]
    ids = [row["id"] for row in metadata(folder) if row["id"].isdigit()]
    assert len(ids) - len(set(ids)) == 2
    assert 0 < sum(row["vote_count"] == "" for row in metadata(folder)) < 30
    links = by_column(of_layout("movies-dataset", folder)["raw_links"])
    lacking = [link["movie_id"] for link in links if not link["tmdb_id"]]
    assert 5 < len(lacking) < 40
    assert {link["tmdb_id"] for link in links if link["tmdb_id"]} == set(ids)


def test_python_literals_hold_the_planted_genres_people_and_keywords(world: World, drops: dict[str, Path]) -> None:
    folder = drops["movies-dataset"]
    literal_columns = (
        "belongs_to_collection",
        "genres",
        "production_companies",
        "production_countries",
        "spoken_languages",
    )
    for row in metadata(folder):
        if row["id"].isdigit():
            values = {column: ast.literal_eval(row[column]) for column in literal_columns if row[column]}
            assert 1 <= len(values["genres"]) <= 3
    files = of_layout("movies-dataset", folder)
    people = [(ast.literal_eval(row["cast"]), ast.literal_eval(row["crew"])) for row in by_column(files["raw_credits"])]
    assert {len(cast) for cast, _ in people} == {0, 4}
    assert {tuple(person["job"] for person in crew) for _, crew in people} == {(), ("Screenplay", "Director")}
    assert any("'" in person["name"] for cast, _ in people for person in cast)
    assert any('"' in row[0] and "\\\\" in row[0] for row in rows(files["raw_credits"])), "quotes and escapes of repr"
    words = [ast.literal_eval(row["keywords"]) for row in by_column(files["raw_keywords"])]
    assert {len(w) for w in words} <= {0, 3, 4}
    assert all(set(word) == {"id", "name"} for w in words for word in w)


def test_small_ratings_are_those_of_the_first_users(world: World, drops: dict[str, Path]) -> None:
    small = read_ratings(of_layout("movies-dataset-small", drops["movies-dataset"])["raw_ratings"])
    assert_frame_equal(small, made(world).filter(pl.col("user_id") <= 671))


def test_imdb_tables_name_only_people_and_titles_that_there_are(drops: dict[str, Path]) -> None:
    folder = drops["imdb-official"]
    read = {file.name: by_column(file.described(folder / file.name)) for file in OFFICIAL_FILES}
    titles = {row["imdb_id"] for row in read["title.basics.tsv.gz"]}
    people = {row["person_id"] for row in read["name.basics.tsv.gz"]}
    kinds = [row["kind"] for row in read["title.basics.tsv.gz"]]
    assert kinds.count("movie") + kinds.count("tvMovie") == SMALL.n_movies
    assert {"tvEpisode", "tvSeries", "short"} < set(kinds)
    assert any(row["year"] == "\\N" for row in read["title.basics.tsv.gz"])
    for name in ("title.ratings.tsv.gz", "title.crew.tsv.gz", "title.principals.tsv.gz"):
        assert {row["imdb_id"] for row in read[name]} <= titles
    assert {row["person_id"] for row in read["title.principals.tsv.gz"]} <= people
    assert {row["directors"] for row in read["title.crew.tsv.gz"]} <= people
    assert len(read["title.principals.tsv.gz"]) == 5 * SMALL.n_movies
    assert all(1 <= float(row["rating"]) <= 10 for row in read["title.ratings.tsv.gz"])


def test_gzip_files_hold_no_name_and_no_time(drops: dict[str, Path]) -> None:
    for path in drops["imdb-official"].iterdir():
        head = path.read_bytes()[:10]
        assert head[3] == 0
        assert head[4:8] == bytes(4)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_dirty_rows_come_behind_the_good_ones(layout: str, drops: dict[str, Path], tmp_path: Path) -> None:
    write_drop(LAYOUTS[layout], SMALL.model_copy(update={"dirty_rows": 7}), tmp_path / "dirty")
    changed = [p.name for p in drops[layout].iterdir() if p.read_bytes() != (tmp_path / "dirty" / p.name).read_bytes()]
    assert len(changed) == 1
    packed = changed[0].endswith(".gz")
    clean, dirty = (
        gzip.decompress((folder / changed[0]).read_bytes()) if packed else (folder / changed[0]).read_bytes()
        for folder in (drops[layout], tmp_path / "dirty")
    )
    assert dirty.startswith(clean)
    added = dirty[len(clean) :].splitlines()
    assert len(added) == 7
    assert b"11.0" in added[0]
    assert b"NaN" in added[1]
    assert added[2] == clean.splitlines()[1 if b"\tnum" in clean[:60] or b"userId" in clean[:60] else 0]
    assert added[5] == added[0]


def test_blocks_leave_no_seam(monkeypatch: pytest.MonkeyPatch, drops: dict[str, Path], tmp_path: Path) -> None:
    monkeypatch.setattr(behaviour, "BLOCK", 2_000)
    write_drop(LAYOUTS["movies-dataset"], SMALL, tmp_path / "blocks")
    files = of_layout("movies-dataset", tmp_path / "blocks")
    expected = made(make_world(SMALL))
    assert_frame_equal(read_ratings(files["raw_ratings"]), expected)
    small = of_layout("movies-dataset-small", tmp_path / "blocks")
    assert_frame_equal(read_ratings(small["raw_ratings"]), expected.filter(pl.col("user_id") <= 671))


def test_sizes_are_the_published_ones_and_scale_with_the_ratings() -> None:
    whole = sized(LAYOUTS["movies-dataset"])
    assert (whole.n_ratings, whole.n_users, whole.n_movies) == (26_024_289, 270_896, 45_115)
    part = sized(LAYOUTS["movies-dataset"], ratings=260_243)
    assert (part.n_ratings, part.n_users) == (260_243, 2_709)
    assert 4_000 < part.n_movies < 5_000
    for asked in (1, 10, 1_000, 10**9):
        assert sized(LAYOUTS["ml-1m"], ratings=asked).n_ratings == asked
    chosen = sized(LAYOUTS["ml-1m"], ratings=1_000, users=50, movies=90, seed=3, dirty_rows=2)
    assert chosen == SyntheticConfig(n_ratings=1_000, n_users=50, n_movies=90, seed=3, dirty_rows=2)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(SourceError, match="is not an empty folder"):
        write_drop(LAYOUTS["ml-1m"], SMALL, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert write_drop(LAYOUTS["ml-1m"], SMALL, tmp_path / "empty")


def test_a_disk_that_is_too_small_is_noticed_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import shutil
    from types import SimpleNamespace

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(SourceError, match=r"needs about 8\d\d MB .* has 1 MB free"):
        write_drop(LAYOUTS["movies-dataset"], sized(LAYOUTS["movies-dataset"]), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_drop_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(behaviour, "make_shelf", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_drop(LAYOUTS["ml-1m"], SMALL, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.text(alphabet="ab'\"\\ {}é七"), min_size=1))
def test_literals_are_what_python_prints(texts: list[str]) -> None:
    frame = pl.DataFrame({"t": texts}).select(
        one=text_literal(pl.col("t")), whole=dict_literal({"n": pl.col("t").len()})
    )
    assert frame["one"].to_list() == [repr(text) for text in texts]
    assert frame["whole"][0] == repr({"n": len(texts)})
