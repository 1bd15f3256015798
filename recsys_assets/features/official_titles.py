"""Which of IMDb's official titles is a movie? By identifier; of a movie without one, by title and year."""

from __future__ import annotations

import duckdb

from recsys_assets.features.titles import title_keys_sql


def match_official_titles(con: duckdb.DuckDBPyConnection) -> None:
    """Fill temporary table `official_matches (movie_id, imdb_id, how)`, each movie in it once at most."""
    con.execute(_BY_IDENTIFIER)
    con.execute(_BY_TITLE)


_BY_IDENTIFIER = """
CREATE OR REPLACE TEMP TABLE official_matches AS
SELECT m.movie_id, m.imdb_id, 'imdb_id' AS how FROM movies m SEMI JOIN imdb_titles USING (imdb_id)
"""

_OTHER_KIND = 2
"""Added to the distance in years (0 or 1): any feature film is nearer than a short, a video or a series."""

_BY_TITLE = f"""
INSERT INTO official_matches
WITH ours AS (
    SELECT movie_id, year, unnest({title_keys_sql("title")}) AS key
    FROM movies WHERE imdb_id IS NULL AND year IS NOT NULL),
years AS (SELECT DISTINCT year + unnest([-1, 0, 1]) AS year FROM ours),
titles AS (
    SELECT imdb_id, year, kind, {title_keys_sql("title")} AS keys,
        CASE WHEN original_title <> title THEN {title_keys_sql("original_title")} ELSE [] END AS original
    FROM imdb_titles SEMI JOIN years USING (year)),
theirs AS (SELECT imdb_id, year, kind, unnest(list_distinct(list_concat(keys, original))) AS key FROM titles),
pairs AS (
    SELECT o.movie_id, t.imdb_id,
        min(abs(o.year - t.year) + CASE t.kind WHEN 'movie' THEN 0 ELSE {_OTHER_KIND} END) AS distance
    FROM ours o JOIN theirs t USING (key)
    WHERE abs(o.year - t.year) <= 1
    GROUP BY ALL),
ranked AS (
    SELECT *,
        count(*) OVER (PARTITION BY movie_id, distance) > 1
            OR count(*) OVER (PARTITION BY imdb_id, distance) > 1 AS unclear,
        distance = min(distance) OVER (PARTITION BY movie_id) AS nearest,
        distance = min(distance) OVER (PARTITION BY imdb_id) AS nearest_of_title
    FROM pairs)
SELECT movie_id, imdb_id, 'title_year' FROM ranked WHERE nearest AND nearest_of_title AND NOT unclear
"""
