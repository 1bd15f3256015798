"""What can be mapped: the tables and columns that a data set of one's own may have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OwnTable:
    """One table of a mapping file; it fills the raw table `raw_<name>`."""

    name: str
    brings: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    """Columns that hold several values."""

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


OWN_TABLES: dict[str, OwnTable] = {
    table.name: table
    for table in (
        OwnTable("ratings", "who liked what, and when", ("user_id", "movie_id", "rating", "timestamp")),
        OwnTable(
            "movies", "what there is to recommend", ("movie_id", "title"), ("genres", "release_date"), lists=("genres",)
        ),
        OwnTable("links", "identifiers at IMDb and TMDb", ("movie_id",), ("imdb_id", "tmdb_id")),
        OwnTable("tags", "free-text tags", ("user_id", "movie_id", "tag"), ("timestamp",)),
        OwnTable("users", "demographics", ("user_id",), ("age", "gender", "occupation", "zip_code")),
        OwnTable(
            "imdb_movies",
            "plots, people, keywords and votes, joined to movies by imdb_id or by title and year",
            ("title",),
            ("imdb_id", "year", "genres", "rating", "votes", "director", "cast", "keywords", "description"),
            lists=("genres", "cast", "keywords"),
        ),
    )
}
"""By name, in the order in which they are shown."""

REQUIRED_TABLES = ("ratings", "movies")
ID_COLUMNS = ("user_id", "movie_id")
