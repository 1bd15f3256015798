"""The table of genres says what asking the catalogue for each genre says."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import ModelError
from recsys_assets.recommenders.genre_table import GenreTable
from recsys_assets.recommenders.newcomers import genres_named, known_genres, movies_of_genre

CATALOGUE = pl.DataFrame(
    {"genres": [["Sci-Fi", "Crime"], [], None, ["Crime", "Crime"], ["Children's"], ["Film-Noir", "Crime"]]}
)
TABLE = GenreTable.of_catalogue(CATALOGUE)


def test_each_genre_has_the_movies_that_the_catalogue_says() -> None:
    assert list(TABLE.names) == known_genres(CATALOGUE) == ["Children's", "Crime", "Film-Noir", "Sci-Fi"]
    for name in TABLE.names:
        np.testing.assert_array_equal(TABLE.row(name), movies_of_genre(CATALOGUE, name))


def test_genres_are_named_in_any_case_and_each_counts_once() -> None:
    for asked in ((), ("sci-fi", "Crime", " SCI-FI "), ("children's",)):
        assert TABLE.named(asked) == genres_named(CATALOGUE, asked)
    with pytest.raises(ModelError, match="no movie has genre 'Western'; genres are Children's, Crime"):
        TABLE.named(("Western",))


def test_a_catalogue_without_genres_has_none() -> None:
    empty = GenreTable.of_catalogue(pl.DataFrame({"genres": [[], None]}, schema={"genres": pl.List(pl.String)}))
    assert (empty.names, empty.of.shape) == ((), (0, 2))
