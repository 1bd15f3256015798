"""The Movies Dataset (Kaggle): MovieLens's ratings beside TMDb's metadata, credits and keywords as Python literals.

Its faults are here, too: three rows shifted by a line break, so that a date stands where the id should; movies listed
twice; movies without a TMDb id, and thus without metadata; votes that are empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from recsys_assets.sources.synthetic import texts, words
from recsys_assets.sources.synthetic.dialect import Dialect, table, write
from recsys_assets.sources.synthetic.facts import Facts, make_facts
from recsys_assets.sources.synthetic.layouts.literals import dict_literal, list_literal, text_literal
from recsys_assets.sources.synthetic.layouts.oddities import original_title
from recsys_assets.sources.synthetic.movies import Movies
from recsys_assets.sources.synthetic.world import Stage, stream
from recsys_assets.sources.synthetic.write import Advance, append_dirty, link_frame, rating_frame

CSV = Dialect(line_end="\r\n")
SMALL_USERS = 671
"""Of ratings_small.csv: the first ones."""
EVERY_TWICE = 1_500
"""One movie in so many is listed twice in metadata, credits and keywords."""
SHIFTED_IDS = ("1997-08-20", "2012-09-29", "2014-01-01")
SHIFTED = (
    " - Written by an unknown hand,0.065736,/zV8bHuSL6WXoD6FWogP9j4x80bL.jpg,\"[{{'name': 'Carousel Productions', "
    "'id': 11176}}]\",\"[{{'iso_3166_1': 'CA', 'name': 'Canada'}}]\",{id},0,104.0,"
    "\"[{{'iso_639_1': 'en', 'name': 'English'}}]\",Released,,Midnight Man,False,6.0,1,,,,,,,,,"
)
"""A row that lost its first nine fields to a line break in an overview."""

TMDB_GENRES = {
    "Action": (28, "Action"),
    "Adventure": (12, "Adventure"),
    "Animation": (16, "Animation"),
    "Children": (10751, "Family"),
    "Comedy": (35, "Comedy"),
    "Crime": (80, "Crime"),
    "Documentary": (99, "Documentary"),
    "Drama": (18, "Drama"),
    "Fantasy": (14, "Fantasy"),
    "Film-Noir": (10769, "Foreign"),
    "Horror": (27, "Horror"),
    "Musical": (10402, "Music"),
    "Mystery": (9648, "Mystery"),
    "Romance": (10749, "Romance"),
    "Sci-Fi": (878, "Science Fiction"),
    "Thriller": (53, "Thriller"),
    "War": (10752, "War"),
    "Western": (37, "Western"),
}
"""MovieLens's genre -> TMDb's id and name."""

COMPANIES: tuple[dict[str, object], ...] = tuple(
    {"name": name, "id": 900 + i}
    for i, name in enumerate(("Harbor Lights", "Northern Reel", "Kyoto Film Works", "O'Hara & Sons", "Siena Cinema"))
)
COUNTRIES: tuple[dict[str, object], ...] = tuple(
    {"iso_3166_1": code, "name": name}
    for code, name in (("US", "United States of America"), ("FR", "France"), ("JP", "Japan"), ("BR", "Brazil"))
)
LANGUAGES: tuple[dict[str, object], ...] = tuple(
    {"iso_639_1": code, "name": name}
    for code, name in (("en", "English"), ("fr", "Français"), ("ja", "日本語"), ("de", "Deutsch"), ("pt", "Português"))
)


def write_movies_dataset(stage: Stage, folder: Path, advance: Advance) -> None:
    """movies_metadata, credits, keywords, links, links_small, ratings and ratings_small, all csv."""
    facts = make_facts(stage)
    known = facts.frame.with_row_index("row").filter(pl.col("tmdb").is_not_null())
    twice = known.filter(pl.col("movie_id") % EVERY_TWICE == 1)
    listed = pl.concat([known, twice])
    metadata = _metadata(listed, stage.movies, facts, stream(stage.config, "extras"))
    _write_metadata(metadata, folder / "movies_metadata.csv")
    write(_credits(listed, stage.movies, facts), folder / "credits.csv", CSV)
    write(_keywords(listed), folder / "keywords.csv", CSV)
    links = link_frame(facts)
    write(links, folder / "links.csv", CSV)
    seen: set[int] = set()
    with table(folder / "ratings.csv", CSV) as ratings, table(folder / "ratings_small.csv", CSV) as small:
        for block in stage.rating_blocks():
            frame = rating_frame(stage, block)
            ratings.write(frame)
            if block.user[0] < SMALL_USERS:
                few = frame.filter(pl.col("userId") <= SMALL_USERS)
                small.write(few)
                seen |= set(few["movieId"].unique())
            advance(len(block))
    append_dirty(stage.config.dirty_rows, folder / "ratings.csv", CSV)
    write(links.filter(pl.col("movieId").is_in(sorted(seen))), folder / "links_small.csv", CSV)


def _write_metadata(metadata: pl.DataFrame, path: Path) -> None:
    """With the shifted rows among the others: by a fifth, a half and four fifths, as in the original."""
    places = [round(len(metadata) * share) for share in (0.2, 0.5, 0.8)]
    with table(path, CSV) as out:
        for first, last, date in zip([0, *places], places, SHIFTED_IDS, strict=False):
            out.write(metadata[first:last])
            out.line(SHIFTED.format(id=date) + CSV.line_end)
        out.write(metadata[places[-1] :])


def _metadata(listed: pl.DataFrame, movies: Movies, facts: Facts, rng: np.random.Generator) -> pl.DataFrame:
    """The 24 published columns."""
    m = len(listed)
    day = pl.date("year", 1 + pl.col("movie_id") % 12, 1 + pl.col("movie_id") % 28)
    turn = pl.col("movie_id")
    columns = listed.with_columns(
        genre_list=_genres(),
        collection=_collections(movies, facts)[listed["row"]],
        rare=pl.Series(rng.random(m)),
        budget=pl.Series(np.where(rng.random(m) < 0.8, 0, 10_000 * rng.integers(10, 20_000, m))),
        revenue=pl.Series(np.where(rng.random(m) < 0.84, 0, rng.integers(100_000, 2_000_000_000, m))),
        runtime=pl.Series(np.round(np.clip(rng.normal(95, 25, m), 1, 400))),
        popular=pl.Series((1e6 * rng.lognormal(0, 1.2, m)).astype(np.int64)),
        original=original_title(latin=False),
        language=turn % len(LANGUAGES),
    )
    overview = (
        pl.when(turn % 97 == 3)
        .then(pl.format('{}\nIt is "based on a true story".', "description"))
        .when(turn % 101 == 5)
        .then(pl.lit(None, pl.String))
        .otherwise("description")
    )
    few = 6 / max(m, 6)
    return columns.select(
        adult=pl.lit("False"),
        belongs_to_collection="collection",
        budget="budget",
        genres="genre_list",
        homepage=pl.when(turn % 6 == 0).then(pl.format("http://www.example.com/{}", "movie_id")),
        id="tmdb",
        imdb_id=pl.when(turn % 2_500 != 9).then(pl.format("tt{}", "imdb")),
        original_language=_chosen([str(language["iso_639_1"]) for language in LANGUAGES], pl.col("language")),
        original_title=pl.coalesce("original", "title"),
        overview=overview,
        popularity=pl.format(
            "{}.{}", pl.col("popular") // 10**6, (pl.col("popular") % 10**6).cast(pl.String).str.zfill(6)
        ),
        poster_path=pl.format("/{}.jpg", pl.col("imdb").cast(pl.String).str.zfill(27)),
        production_companies=_one_of(COMPANIES, turn),
        production_countries=_one_of(COUNTRIES, turn),
        release_date=day.cast(pl.String),
        revenue="revenue",
        runtime=pl.when(turn % 170 != 11).then("runtime"),
        spoken_languages=_one_of(LANGUAGES, pl.col("language")),
        status=pl.lit("Released"),
        tagline=pl.when(turn % 2 == 0).then(pl.format('They said "never". It was {}.', pl.col("year") + 1)),
        title="title",
        video=pl.lit("False"),
        vote_average=pl.when(pl.col("rare") >= few).then("rating"),
        vote_count=pl.when(pl.col("rare") >= few).then("votes"),
    )


def _credits(listed: pl.DataFrame, movies: Movies, facts: Facts) -> pl.DataFrame:
    """Columns cast, crew, id; four actors in order, a director and a writer."""
    at = facts.walk[listed["row"].to_numpy()]
    actors = [_person(movies.cast[at, place], shift=texts.ACTORS, first_id=200_000) for place in range(4)]
    director = _person(movies.director[at], shift=texts.DIRECTORS, first_id=100_000)
    character = pl.Series(words.FIRST_NAMES[movies.series[at] % len(words.FIRST_NAMES)].astype(str))
    cast = []
    for order, (number, name) in enumerate(actors):
        role = pl.format("{}'s {}", pl.lit(character), pl.lit(("friend", "rival", "mother", "Dog \\ Cat")[order]))
        cast.append(
            dict_literal(
                {
                    "cast_id": pl.lit(order + 1),
                    "character": text_literal(role if order else pl.lit(character)),
                    "credit_id": _credit_id(pl.col("tmdb") * 10 + order),
                    "gender": pl.lit(number) % 3,
                    "id": pl.lit(number),
                    "name": text_literal(pl.lit(name)),
                    "order": pl.lit(order),
                    "profile_path": pl.lit("None"),
                }
            )
        )
    crew = [
        dict_literal(
            {
                "credit_id": _credit_id(pl.col("tmdb") * 10 + 8 + i),
                "department": pl.lit(department),
                "gender": pl.lit(director[0]) % 3,
                "id": pl.lit(director[0]),
                "job": pl.lit(job),
                "name": text_literal(pl.lit(director[1])),
                "profile_path": pl.lit("None"),
            }
        )
        for i, (department, job) in enumerate((("'Writing'", "'Screenplay'"), ("'Directing'", "'Director'")))
    ]
    none = pl.col("movie_id") % 19 == 4
    return listed.select(
        cast=pl.when(none).then(pl.lit("[]")).otherwise(list_literal(pl.concat_list(cast))),
        crew=pl.when(none).then(pl.lit("[]")).otherwise(list_literal(pl.concat_list(crew))),
        id="tmdb",
    )


def _keywords(listed: pl.DataFrame) -> pl.DataFrame:
    """Columns id, keywords."""
    number = {word: 100 + i for i, word in enumerate(dict.fromkeys([*words.KEYWORDS.flat, *words.THEMES.flat]))}
    literal = {word: repr({"id": i, "name": word}) for word, i in number.items()}
    items = pl.col("keywords").str.split(", ").list.eval(pl.element().replace_strict(literal, return_dtype=pl.String))
    none = pl.col("movie_id") % 11 == 2
    return listed.select(id="tmdb", keywords=pl.when(none).then(pl.lit("[]")).otherwise(list_literal(items)))


def _genres() -> pl.Expr:
    literal = {genre: repr({"id": i, "name": name}) for genre, (i, name) in TMDB_GENRES.items()}
    items = pl.col("genres").str.split("|").list.eval(pl.element().replace_strict(literal, return_dtype=pl.String))
    return list_literal(items)


def _collections(movies: Movies, facts: Facts) -> pl.Series:
    """(m,) by row of the facts: the series a movie is of, null where it stands alone."""
    size = np.bincount(movies.series)[movies.series][facts.walk]
    series = movies.series[facts.walk] + 10_000
    name = pl.col("title").str.replace(r" [IV]+$", "")
    of = dict_literal(
        {
            "id": pl.lit(pl.Series(series)),
            "name": text_literal(pl.format("{} Collection", name)),
            "poster_path": pl.lit("None"),
            "backdrop_path": pl.lit("None"),
        }
    )
    return facts.frame.select(pl.when(pl.lit(pl.Series(size > 1))).then(of).alias("collection"))["collection"]


def _person(number: np.ndarray, *, shift: int, first_id: int) -> tuple[pl.Series, pl.Series]:
    """Ids and names; one in twenty is an O'Something."""
    ids = pl.Series(number + first_id)
    frame = pl.DataFrame({"id": ids, "name": pl.Series(texts.people(number, shift=shift).astype(str))})
    irish = pl.col("name").str.replace(" ", " O'", literal=True)
    return ids, frame.select(pl.when(pl.col("id") % 20 == 0).then(irish).otherwise("name").alias("name"))["name"]


def _credit_id(number: pl.Expr) -> pl.Expr:
    return pl.format("'{}'", number.cast(pl.String).str.zfill(24))


def _one_of(items: Sequence[dict[str, object]], turn: pl.Expr) -> pl.Expr:
    """A list of one dict."""
    return _chosen([repr([item]) for item in items], turn % len(items))


def _chosen(values: list[str], index: pl.Expr) -> pl.Expr:
    return pl.lit(pl.Series(values)).gather(index)
