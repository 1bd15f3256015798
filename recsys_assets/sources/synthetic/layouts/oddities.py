"""What makes published titles hard to read: other alphabets, articles in odd places, quotes."""

from __future__ import annotations

import polars as pl

from recsys_assets.sources.synthetic.facts import Facts

LATIN = (
    "Été sans fin, L'",
    "Cité des enfants perdus, La",
    "Über den Dächern",
    "Año nuevo, El",
    "Pão e açúcar",
    "Ærlig talt, så",
)
"""Original titles that Latin-1 holds."""
BEYOND_LATIN = ("Świąteczny wieczór", "七つの海", "Тихий дом", "Ήσυχη νύχτα")
EVERY_FOREIGN, EVERY_QUOTED = 25, 400
"""One movie in so many has an original title in another language, or a title within quotes."""


def original_title(*, latin: bool) -> pl.Expr:
    """By movie_id; null where the title is the original one."""
    names = pl.Series(LATIN if latin else (*LATIN, *BEYOND_LATIN))
    turn = (pl.col("movie_id") // EVERY_FOREIGN) % len(names)
    return pl.when(pl.col("movie_id") % EVERY_FOREIGN == 0).then(pl.lit(names).gather(turn))


def movielens_titles(facts: Facts, *, latin: bool, quotes: bool) -> pl.DataFrame:
    """Columns movieId, title, genres as MovieLens has them: `City, The (Cité, La) (1995)`, `"Great" Show (1998)`.

    `latin`: only what Latin-1 holds; `quotes`: with quotes within titles, which files that quote nothing avoid.
    """
    original = original_title(latin=latin)
    quoted = pl.col("movie_id") % EVERY_QUOTED == 7 if quotes else pl.lit(value=False)
    filed = pl.when(quoted).then(pl.format('"{}" Show', "title")).otherwise("filed")
    title = pl.when(original.is_null()).then(filed).otherwise(pl.format("{} ({})", filed, original))
    return facts.frame.select(
        pl.col("movie_id").alias("movieId"), pl.format("{} ({})", title, "year").alias("title"), "genres"
    )
