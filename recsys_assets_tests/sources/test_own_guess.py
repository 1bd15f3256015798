from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recsys_assets.sources.own import files_of, read_mapping, recognised, skeleton
from recsys_assets.sources.own.mapping import MappingError
from recsys_assets_tests.sources.own_files import shop


def test_the_guess_of_a_shop_can_be_used_as_it_is(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    (folder / "orders" / "2024-02.tsv").write_text((folder / "orders" / "2024-01.tsv").read_text())
    (folder / "readme.txt").write_text("Hello\nthere\n")
    guessed = skeleton(folder)
    mapping = read_mapping(guessed, where="guess")
    assert mapping.text_ids == ("user_id", "movie_id")
    ratings, movies = mapping.tables["ratings"], mapping.tables["movies"]
    assert ratings.file == ("orders/*.tsv",)
    assert ratings.scale == (1, 20)
    assert ratings.time == "iso"
    assert (movies.delimiter, movies.encoding) == (";", "latin-1")
    assert movies.separator == {"genres": "/"}
    assert len(files_of(mapping, folder, where="guess")) == 3
    assert "# Not understood: readme.txt (Hello)" in guessed


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (("3", "1500000000"), []),
        (("9", "1500000000123"), ["scale = [1, 10]  # from worst to best: a guess", 'time = "ms"']),
        (("0", "1500000000123456"), ["scale = [0, 1]  # from worst to best: a guess", 'time = "us"']),
        (("87", "2020-01-01"), ["scale = [1, 100]  # from worst to best: a guess", 'time = "iso"']),
    ],
)
def test_scale_and_unit_of_time_are_guessed_of_the_first_rows(
    values: tuple[str, str], lines: list[str], tmp_path: Path
) -> None:
    (tmp_path / "r.csv").write_text("userId,itemId,stars,timestamp\n1,1,{},{}\n".format(*values))
    guessed = skeleton(tmp_path).splitlines()
    assert [line for line in guessed if line.startswith(("scale", "time"))] == lines


def test_purchases_without_stars_are_guessed_to_be_liked(tmp_path: Path) -> None:
    pl.DataFrame({"customer_id": [1], "asin": [2], "Created At": [3]}).write_parquet(tmp_path / "sales.parquet")
    guessed = skeleton(tmp_path)
    assert "constants = { rating = 4 }" in guessed
    assert 'timestamp = "Created At"' in guessed


def test_an_unknown_folder_gives_a_form_to_fill_in_that_is_not_yet_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("foo,bar\n1,2\n")
    guessed = skeleton(tmp_path)
    assert 'user_id = "?"' in guessed
    assert "# Not understood: x.csv (foo, bar)" in guessed
    with pytest.raises(MappingError, match=r"file = '\?' is not in"):
        files_of(read_mapping(guessed, where="guess"), tmp_path, where="guess")


def test_an_id_beside_ages_is_the_users_and_beside_titles_the_movies(tmp_path: Path) -> None:
    pl.DataFrame({"id": ["ann"], "age": [30], "sex": ["F"]}).write_parquet(tmp_path / "people.parquet")
    (tmp_path / "films.csv").write_text("id,title\n1,Heat\n")
    guessed = skeleton(tmp_path)
    assert 'columns = { user_id = "id", age = "age", gender = "sex" }' in guessed
    assert 'columns = { movie_id = "id", title = "title" }' in guessed


@pytest.mark.real_data
def test_the_movies_dataset_is_recognised(mirror: Path) -> None:
    assert recognised(mirror / "the-movies-dataset") == "movies-dataset-small"


def test_files_of_the_right_name_with_other_columns_are_not_taken_for_known_ones(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("user,movie,stars,when\n1,1,4,2020-01-01\n")
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n1,One,Drama\n")
    assert recognised(tmp_path) is None
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,1,4,1\n")
    assert recognised(tmp_path) == "ml-latest"
