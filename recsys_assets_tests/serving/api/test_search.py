"""Titles are found as people type them."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.serving.api.search import TitleIndex, normalized
from recsys_assets_tests.serving.api.running import Client

TITLES = {
    "Toy Story": 1995,
    "Toy Story 2": 1999,
    "The Lord of the Rings: The Two Towers": 2002,
    "Amélie": 2001,
    "Heat": 1995,
    "The Heat": 2013,
    "Shawshank Redemption, The": 1994,
    "Crouching Tiger, Hidden Dragon": 2000,
    "Tigris": 1980,
    "2001: A Space Odyssey": 1968,
    "Schindler's List": 1993,
    "...": 1990,
}
INDEX = TitleIndex.of(list(TITLES), np.array(list(TITLES.values()), dtype=np.int32))


def found(query: str, k: int = 3) -> list[str]:
    return [list(TITLES)[hit.column] for hit in INDEX.find(query, k)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("toy st", "Toy Story"),
        ("TOY STORY 2", "Toy Story 2"),
        ("ring lord", "The Lord of the Rings: The Two Towers"),
        ("amelie", "Amélie"),
        ("the shawshank", "Shawshank Redemption, The"),
        ("schindlers list", "Schindler's List"),
        ("space od", "2001: A Space Odyssey"),
        ("tpy story", "Toy Story"),
        ("shawshnk", "Shawshank Redemption, The"),
        ("crouching tigr hidden dragn", "Crouching Tiger, Hidden Dragon"),
        ("heat (1995)", "Heat"),
        ("heat (2013)", "The Heat"),
        ("2001", "2001: A Space Odyssey"),
    ],
)
def test_what_is_typed_finds_what_is_meant(typed: str, first: str) -> None:
    assert found(typed)[0] == first


@pytest.mark.parametrize("typed", ["", "   ", "!!!", "...", "zzzzqqqq", "'; DROP TABLE movies; --", "\ud800", "\x00"])
def test_what_means_nothing_finds_nothing(typed: str) -> None:
    assert found(typed) == []


def test_every_title_is_found_by_itself_and_by_its_beginning() -> None:
    for title in TITLES:
        if plain := normalized(title):
            assert title in found(title, k=2)
            assert title in found(plain[: max(3, len(plain) // 2)], k=len(TITLES))


def test_likeness_falls_along_the_list_and_is_full_for_the_title_itself() -> None:
    likeness = [hit.likeness for hit in INDEX.find("toy story", 10)]
    assert likeness[0] == 100
    assert likeness == sorted(likeness, reverse=True)


def test_search_over_http_gives_ids_that_other_routes_take(client: Client) -> None:
    (first, *_) = client.get("/v1/movies", params={"query": "toy stroy"}).json()["movies"]
    assert (first["title"], first["year"], first["genres"]) == ("Toy Story (1980)", 1980, ["Drama"])
    movie = client.get(f"/v1/movies/{first['movie_id']}").json()
    assert movie["n_ratings"] > 0
    assert client.get(f"/v1/movies/{first['movie_id']}/similar").status_code == 200
