from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.settings import PROJECT_ROOT
from recsys_assets.sources.own import MappingError, read_mapping
from recsys_assets.sources.own.mapping import TableMapping
from recsys_assets.sources.own.schema import OWN_TABLES
from recsys_assets.warehouse.tables import TABLES
from recsys_assets_tests.sources.own_files import SHOP_MAPPING

RATINGS = """[ratings]
file = "r.csv"
columns = { user_id = "u", movie_id = "m", rating = "r", timestamp = "t" }
"""
MOVIES = """[movies]
file = "m.csv"
columns = { movie_id = "m", title = "t" }
"""


def refusal(text: str) -> str:
    with pytest.raises(MappingError) as error:
        read_mapping(text, where="mapping.toml")
    assert str(error.value).startswith("mapping.toml")
    return str(error.value)


def test_a_whole_mapping_is_read() -> None:
    mapping = read_mapping(SHOP_MAPPING, where="mapping.toml")
    assert list(mapping.tables) == ["ratings", "movies", "imdb_movies"]
    assert mapping.tables["ratings"].scale == (1, 10)
    assert mapping.tables["imdb_movies"].columns["cast"] == ("lead", "second")
    assert mapping.tables["movies"].encoding == "latin-1"


def test_tables_and_columns_that_can_be_mapped_are_those_of_the_warehouse() -> None:
    for name, own in OWN_TABLES.items():
        raw = TABLES[f"raw_{name}"]
        published = [c for c in raw.column_names if c not in ("source_file", "source_line", "raw_row")]
        assert sorted(own.columns) == sorted(published)
        assert {c.name for c in raw.columns if c.required and c.name in published} <= set(own.required)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[ratings\n", "is not TOML"),
        ("", "there is no table [ratings] and no table [movies]"),
        (RATINGS, "there is no table [movies]"),
        ("[rating]\n", "there is no key 'rating'; did you mean 'ratings'?"),
        (RATINGS.replace("file", "fil") + MOVIES, "[ratings] 'file' is missing; add file = ..."),
        (RATINGS.replace("file", "fil") + MOVIES, "[ratings] there is no key 'fil'; did you mean 'file'?"),
        (RATINGS.replace("user_id", "userid") + MOVIES, "[ratings] has no column 'userid'; did you mean 'user_id'?"),
        (RATINGS.replace('rating = "r", ', "") + MOVIES, "[ratings] lacks rating; add columns = { rating = \"...\" }"),
        (RATINGS + "scale = [3, 3]\n" + MOVIES, "scale must have two different ends"),
        (RATINGS + "scale = [1]\n" + MOVIES, "[ratings.scale]"),
        (RATINGS + 'time = "min"\n' + MOVIES, "time = 'min'"),
        (RATINGS + 'encoding = "utf-32"\n' + MOVIES, "encoding = 'utf-32'"),
        (RATINGS + 'quote = "ab"\n' + MOVIES, "quote = 'ab'"),
        (RATINGS + MOVIES + "scale = [1, 10]\n", "[movies] scale is for the rating column"),
        (RATINGS + MOVIES + 'time = "ms"\n', "[movies] time is for a timestamp column"),
        (RATINGS + MOVIES + 'separator = ";"\n', "[movies] separator is for lists, and none is mapped"),
        (RATINGS + "constants = { rating = 4 }\n" + MOVIES, "rating is both a column and a constant"),
        (RATINGS + MOVIES.replace('"t"', '["a", "b"]'), "title takes one column, not 2; only genres may be joined"),
        (RATINGS + MOVIES + "constants = { movie_id = 4 }\n", "movie_id is both a column and a constant"),
        (MOVIES + RATINGS.replace('user_id = "u", ', "") + "constants = { user_id = 1 }", "user_id can't be a con"),
        (MOVIES + RATINGS.replace('"u"', "1"), "[ratings.columns] user_id = 1: give a name in quotes"),
        ('layout = "ml-lates"', "there is no layout 'ml-lates'; did you mean 'ml-latest'?"),
        ('layout = "ml-latest"\n' + RATINGS, "layout = 'ml-latest' describes all tables"),
        ('text_ids = ["item"]\n' + RATINGS + MOVIES, "[text_ids]"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_place_and_the_remedy(text: str, said: str) -> None:
    assert said in refusal(text)


def test_a_separator_by_column_must_be_of_a_mapped_list() -> None:
    listed = RATINGS + MOVIES.replace('title = "t"', 'title = "t", genres = "g"')
    assert read_mapping(listed + 'separator = { genres = ";" }\n', where="m").movies is not None
    assert "separator.genre is no mapped list; did you mean 'genres'?" in refusal(
        listed + 'separator = { genre = ";" }\n'
    )


@given(text=st.one_of(st.text(), st.text(alphabet='[]{}="\n.ratingsmovies_id 0123456789,#')))
def test_any_text_is_a_mapping_or_refused_as_one(text: str) -> None:
    refused = ""
    try:
        read_mapping(text, where="mapping.toml")
    except MappingError as error:
        refused = str(error)
    assert refused.startswith("mapping.toml")


def test_the_documented_example_is_a_mapping_and_every_key_is_documented() -> None:
    page = (PROJECT_ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    mapping = read_mapping(example, where="docs/own-data.md")
    assert mapping.tables["imdb_movies"].columns["cast"] == ("lead", "second")
    for key in TableMapping.model_fields:
        assert f"| `{key}` |" in page
    for table in OWN_TABLES.values():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{table.name}`")]
        listed = row.split("|")[2].split(",")
        assert {name.strip().strip("*") for name in listed} == set(table.columns)
        assert {name.strip().strip("*") for name in listed if "**" in name} == set(table.required)
