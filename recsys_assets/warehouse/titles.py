"""Published titles -> title and year, as SQL over a whole column.

MovieLens writes `Matrix, The (1999)` and `City of Lost Children, The (Cité des enfants perdus, La) (1995)`.
"""

from __future__ import annotations

from recsys_assets.warehouse.sql import literal
from recsys_assets.warehouse.tables import EARLIEST_YEAR, LATEST_YEAR

_YEAR = r"\s*\(\s*(\d{4})(?:\s*[-–—]\s*(?:\d{4})?)?\s*\)\s*$"
"""`(1999)`, or the years of a series: `(2006–2007)`, `(2016- )`."""

_ARTICLES = "The|A|An|La|Le|Les|El|Los|Las|Il|Lo|Gli|Der|Die|Das|Den|Det|De|Het|Een|Un|Une|Una|Uma|O|Os|As"
_ELIDED = "L['’]|D['’]"


def year_sql(published: str) -> str:
    """The year in brackets at the end of a title; NULL where there is none or it can't be a year (`Blade (2049)`)."""
    year = f"TRY_CAST(regexp_extract({published}, {literal(_YEAR)}, 1) AS INTEGER)"
    return f"CASE WHEN {year} BETWEEN {EARLIEST_YEAR} AND {LATEST_YEAR} THEN {year} END"


def title_sql(published: str) -> str:
    """The title without its year, each article back in front; NULL where nothing is left of it."""
    bare = f"trim(regexp_replace({published}, {literal(_YEAR)}, ''))"
    without_year = f"CASE WHEN ({year_sql(published)}) IS NULL OR {bare} = '' THEN trim({published}) ELSE {bare} END"
    return f"nullif({_articles_first(without_year)}, '')"


def _articles_first(title: str) -> str:
    """`Matrix, The` -> `The Matrix`, in the title and in each bracket of it."""
    for pattern, replacement, options in (
        (rf"^([^()]+), ({_ARTICLES})(\s+\(.*)?$", r"\2 \1\3", ""),
        (rf"^([^()]+), ({_ELIDED})(\s+\(.*)?$", r"\2\1\3", ""),
        (rf"\(([^()]+), ({_ARTICLES}|I)\)", r"(\2 \1)", "g"),
        (rf"\(([^()]+), ({_ELIDED})\)", r"(\2\1)", "g"),
    ):
        title = f"regexp_replace({title}, {literal(pattern)}, {literal(replacement)}, {literal(options)})"
    return title
