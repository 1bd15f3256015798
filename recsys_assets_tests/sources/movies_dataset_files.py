"""The Movies Dataset as Kaggle offers it, small: CRLF, Python literals, and each known fault of the original."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from recsys_assets.sources.movies_dataset import layout

HEADER = layout(
    {name: Path(name) for name in ("ratings.csv", "links.csv", "movies_metadata.csv", "credits.csv")}
    | {"keywords.csv": Path("keywords.csv")}
)[3].header

Row = Mapping[str, object]

TOY_STORY: Row = {
    "adult": False,
    "belongs_to_collection": {"id": 10194, "name": "Toy Story Collection"},
    "genres": [{"id": 16, "name": "Animation"}, {"id": 35, "name": "Comedy"}, {"id": 10751, "name": "Family"}],
    "id": 862,
    "imdb_id": "tt0114709",
    "original_title": "Toy Story",
    "overview": 'Led by Woody, Andy\'s toys live happily.\nThen "Buzz" comes,\n\nand all changes.',
    "release_date": "1995-10-30",
    "title": "Toy Story",
    "vote_average": 7.7,
    "vote_count": 5415,
}
ALIEN: Row = {
    "genres": [{"id": 27, "name": "Horror"}, {"id": 878, "name": "Science Fiction"}],
    "id": 348,
    "imdb_id": "tt0078748",
    "original_title": "Alien",
    "overview": "No overview found.",
    "release_date": "1979-05-25",
    "title": "Alien",
    "vote_average": 0.0,
    "vote_count": 0,
}
SHIFTED: Row = {
    "adult": " - Written by Ørnås",
    "belongs_to_collection": 0.065736,
    "budget": "/ff9qCepilowshEtG2GYWwzt2bs4.jpg",
    "genres": [{"name": "Carousel Productions", "id": 11176}],
    "homepage": [{"iso_3166_1": "CA", "name": "Canada"}],
    "id": "1997-08-20",
    "imdb_id": 0,
    "original_language": 104.0,
    "original_title": [{"iso_639_1": "en", "name": "English"}],
    "overview": "Released",
    "poster_path": "Midnight Man",
    "production_companies": False,
    "production_countries": 6.0,
    "release_date": 1,
}
CAST = [
    {
        "cast_id": 15,
        "character": "Buzz 'name': 'x', {'name': 'y'}",
        "name": "Tim Allen",
        "order": 1,
        "profile_path": None,
    },
    {
        "cast_id": 14,
        "character": 'Woody "the sheriff" (voice)',
        "name": "Tom Hanks",
        "order": 0,
        "profile_path": "/a.jpg",
    },
    {"cast_id": 16, "character": "Mr. Potato Head", "name": "Don O'Rickles\xa0Jr", "order": 2, "profile_path": None},
]
CREW = [
    {"department": "Writing", "job": "Writer", "name": "Director"},
    {"department": "Directing", "job": "Director", "name": "John Lasseter"},
    {"department": "Directing", "job": "Director", "name": "Somebody Else"},
]
KEYWORDS = [{"id": 931, "name": "jealousy"}, {"id": 4290, "name": "toy"}, {"id": 931, "name": "jealousy"}]


def write(folder: Path, name: str, rows: Sequence[Sequence[object]]) -> Path:
    """A file with CRLF line ends; lists and dicts as Python prints them, None as nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\r\n").writerows(rows)
    return path


def metadata(folder: Path, *movies: Row) -> Path:
    assert HEADER
    return write(folder, "movies_metadata.csv", [HEADER, *([m.get(name) for name in HEADER] for m in movies)])


def small_set(folder: Path, *, small: bool = False) -> Path:
    """All files of the set: two movies with metadata, one without, one shifted row, one movie listed twice."""
    metadata(folder, TOY_STORY, SHIFTED, ALIEN, ALIEN)
    write(folder, "credits.csv", [("cast", "crew", "id"), (CAST, CREW, 862), ([], [], 348), ("[{'name'}]", "[]", 9)])
    write(folder, "keywords.csv", [("id", "keywords"), (862, KEYWORDS), (348, [])])
    links = [("movieId", "imdbId", "tmdbId"), (1, "0114709", "862"), (2, "0078748", "348.0"), (3, "0000003", None)]
    write(folder, "links.csv", links)
    if small:
        write(folder, "links_small.csv", links[:3])
    ratings = [("userId", "movieId", "rating", "timestamp"), (1, 1, 5.0, 1425941529), (1, 3, 0.5, 1425941530)]
    write(folder, "ratings_small.csv" if small else "ratings.csv", ratings)
    return folder


def zipped(folder: Path, target: Path) -> Path:
    """Kaggle's download of what is in `folder`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return target
