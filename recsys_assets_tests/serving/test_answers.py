"""Titles are found as people write them, and reasons read as sentences."""

from __future__ import annotations

import polars as pl
import pytest

from recsys_assets.recommenders import Explanation, Reason
from recsys_assets.recommenders.evidence import SHARED_GENRES, AlikeMovie, Evidence, GenreTaste
from recsys_assets.serving.answers import TitleNotFoundError, evidence_in_words, find_title, reasons_in_words

CATALOGUE = pl.DataFrame(
    {
        "movie_id": [1, 2, 3, 4, 5],
        "title": ["Toy Story", "Heat", "Heat", "[REC]", "300"],
        "year": [1995, 1995, 1986, 2007, None],
        "genres": [["Animation"], ["Crime"], ["Action"], ["Horror"], []],
    }
)


@pytest.mark.parametrize(
    ("title", "movie"),
    [
        ("Toy Story (1995)", 1),
        ("toy story", 1),
        ("  TOY STORY  ", 1),
        ("Heat", 2),
        ("Heat (1986)", 3),
        ("[REC] (2007)", 4),
        ("300", 5),
        ("2", 2),
    ],
)
def test_a_title_is_found_with_or_without_its_year_in_any_case(title: str, movie: int) -> None:
    assert find_title(CATALOGUE, title) == movie


@pytest.mark.parametrize(
    ("title", "hint"), [("Toy Storey", "did you mean 'Toy Story'"), ("Heat (2001)", "did you mean 'Heat'")]
)
def test_a_near_miss_names_what_was_meant(title: str, hint: str) -> None:
    with pytest.raises(TitleNotFoundError, match=hint.replace("(", r"\(")):
        find_title(CATALOGUE, title)


@pytest.mark.parametrize("title", ["", "zzzzqqqq", "'; DROP TABLE movies; --", "999"])
def test_what_is_no_title_is_refused_without_a_guess(title: str) -> None:
    with pytest.raises(TitleNotFoundError, match="no movie is called"):
        find_title(CATALOGUE, title)


def test_reasons_name_what_speaks_for_a_movie_first() -> None:
    told = Explanation(
        user_id=1,
        movie_id=2,
        score=1.0,
        reasons=(
            Reason("history", "Heat (1995)", 0.8, movie_id=2, rating=4.5),
            Reason("bias", "how this user rates", -0.5),
            Reason("popularity", "many people rated it", 0.7),
        ),
    )
    assert reasons_in_words(told) == ("you gave Heat (1995) 4.5 (+0.80)", "many people rated it (+0.70)")


def test_what_is_nothing_beside_the_largest_reason_is_not_told() -> None:
    reasons = (Reason("history", "Heat (1995)", 12.9, 2, 5.0), Reason("factors", "the rest", 0.004))
    assert reasons_in_words(Explanation(1, 2, 12.904, reasons)) == ("you gave Heat (1995) 5 (+12.90)",)


def test_a_movie_with_nothing_for_it_still_has_a_reason() -> None:
    told = Explanation(1, 2, -0.5, (Reason("bias", "how this user rates", -0.5),))
    assert reasons_in_words(told) == ("how this user rates (-0.50)",)


def test_evidence_reads_as_sentences_and_nothing_says_nothing() -> None:
    movies = (AlikeMovie(2, "Heat (1995)", 4.5, 0.9), AlikeMovie(3, "Ronin (1998)", 4.0, 0.8))
    found = Evidence("content", (*movies, movies[0]), (GenreTaste("Crime", 4.25, 12), GenreTaste("War", 3.0, 1)))
    assert evidence_in_words(found) == (
        "like Heat (1995), which you gave 4.5, and Ronin (1998), which you gave 4",
        "you gave 12 Crime movies 4.2 and 1 War movie 3.0 on average",
    )
    by_genres = Evidence(SHARED_GENRES, movies[:1], ())
    assert evidence_in_words(by_genres) == ("shares genres with Heat (1995), which you gave 4.5",)
    assert evidence_in_words(Evidence("content", (), ())) == ()
    assert evidence_in_words(None) == ()
