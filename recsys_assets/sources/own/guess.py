"""A first mapping of a folder that nobody described: guessed from names of files and columns, for a person to mend."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from recsys_assets.sources.files import SourceError
from recsys_assets.sources.imdb import IMDB_TABLES
from recsys_assets.sources.imdb_official import OFFICIAL_FILES
from recsys_assets.sources.own.reading import head_of, parquet_columns
from recsys_assets.sources.own.schema import OWN_TABLES

SAMPLE_ROWS = 200
ENDINGS = (".csv", ".tsv", ".txt", ".dat", ".parquet", ".csv.gz", ".tsv.gz", ".txt.gz")

SYNONYMS: dict[str, list[str]] = {
    ours: names.split()
    for ours, names in {
        "user_id": "userid user uid customerid customer memberid member reviewerid reviewer profileid",
        "movie_id": "movieid movie itemid item productid product sku asin filmid film showid titleid contentid",
        "rating": "rating stars star score overall rate preference",
        "timestamp": "timestamp time date datetime ts createdat ratedat boughtat watchedat unixreviewtime when",
        "title": "title name movietitle itemname productname primarytitle moviename",
        "genres": "genres genre categories category listedin",
        "release_date": "releasedate released",
        "imdb_id": "imdbid imdb tconst",
        "tmdb_id": "tmdbid tmdb",
        "tag": "tag keyword label",
        "age": "age",
        "gender": "gender sex",
        "occupation": "occupation job profession",
        "zip_code": "zipcode zip postcode postalcode",
        "year": "year releaseyear startyear titleyear",
        "votes": "votes numvotes votecount numberofvotes",
        "director": "director directors directorname",
        "cast": "cast actors",
        "keywords": "keywords plotkeywords",
        "description": "description overview plot summary synopsis",
    }.items()
}
"""Our column -> how others call it, in small letters without `_`, spaces and the like; the first is the likeliest."""

DEMOGRAPHICS = {"age", "gender", "occupation", "zip_code"}


@dataclass(frozen=True)
class GuessedTable:
    """A file that looks like one of our tables."""

    table: str
    path: Path
    header: tuple[str, ...]
    delimiter: str
    encoding: str
    columns: dict[str, str]
    samples: dict[str, list[str]] = field(default_factory=dict)
    """Our column -> first values; empty of parquet files."""


def skeleton(folder: Path) -> str:
    """Text of a mapping.toml: what could be told from headers and first rows, and what is left to fill in."""
    guesses, unread = _guesses(folder)
    chosen = {table: next((g for g in guesses if g.table == table), None) for table in OWN_TABLES}
    alike = {t: [g.path for g in guesses if c and g.table == t and g.header == c.header] for t, c in chosen.items()}
    lines = [f"# Guessed from the headers in {folder.name}/. Check every line; docs/own-data.md explains them.", ""]
    ids = [c for c in ("user_id", "movie_id") if any(_is_text(g.samples.get(c, [])) for g in guesses)]
    if ids:
        lines += [f"text_ids = {json.dumps(ids)}", ""]
    for table, guess in chosen.items():
        if guess is not None or table in ("ratings", "movies"):
            lines += [*_table_lines(table, guess, alike[table], folder), ""]
    if unread:
        lines.append("# Not understood: " + ", ".join(unread))
    return "\n".join(lines).rstrip() + "\n"


def no_data_set(folder: Path, *, companions: Path) -> str | None:
    """Why a mapping of the folder would be of no use, and what to do; None where one may be.

    `companions` is the folder in which IMDb's tables are looked for.
    """
    names = {path.name for path in _tables_in(folder)}
    if not names:
        return f"{folder} holds no CSV, TSV or parquet file"
    imdb = {file.name for file in OFFICIAL_FILES} | {table.file.name for table in IMDB_TABLES}
    if names <= imdb:
        return (
            f"{folder} holds tables of IMDb only, which nobody rated: they bring people, plots and votes to other data "
            f"sets. Copy them to {companions}, then materialize MovieLens or The Movies Dataset"
        )
    return None


def _tables_in(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name.lower().endswith(ENDINGS)]


def _guesses(folder: Path) -> tuple[list[GuessedTable], list[str]]:
    """What each file could be, the fullest match of a table first; and the files that are nothing known."""
    found: list[GuessedTable] = []
    unread: list[str] = []
    for path in _tables_in(folder):
        name = path.relative_to(folder).as_posix()
        try:
            header, rows, delimiter, encoding = _looked_at(path)
        except SourceError:
            unread.append(f"{name} (can't be read as text)")
            continue
        columns = {ours: header[i] for ours, i in _places(header).items()}
        tables = [t for t in OWN_TABLES if _could_be(t, set(columns))]
        if not tables:
            unread.append(f"{name} ({', '.join(header[:12])})")
        for table in tables:
            known = {c: columns[c] for c in OWN_TABLES[table].columns if c in columns}
            samples = {c: [row[i] for row in rows if len(row) > i] for c, i in _places(header).items() if c in known}
            found.append(GuessedTable(table, path, tuple(header), delimiter, encoding, known, samples))
    return sorted(found, key=lambda g: -len(g.columns)), unread


def _looked_at(path: Path) -> tuple[list[str], list[list[str]], str, str]:
    """Header, first rows, delimiter, encoding."""
    if path.suffix == ".parquet":
        return list(parquet_columns(path)), [], ",", "utf-8"
    for encoding in ("utf-8", "latin-1"):
        try:
            (first,) = head_of(path, delimiter="\0", quote="", encoding=encoding)
            delimiter = max((",", "\t", ";", "|", "::"), key=lambda d: first[0].count(d))
            rows = head_of(path, delimiter=delimiter, encoding=encoding, rows=1 + SAMPLE_ROWS)
            return rows[0], rows[1:], delimiter, encoding
        except SourceError:
            if encoding == "latin-1":
                raise
    raise AssertionError("unreachable")


def _places(header: list[str]) -> dict[str, int]:
    """Our column -> place in the file, by likeness of name; `id` is that of what the others describe."""
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in header]
    places: dict[str, int] = {}
    for ours, names in SYNONYMS.items():
        hit = next((plain.index(n) for n in names if n in plain and plain.index(n) not in places.values()), None)
        if hit is not None:
            places[ours] = hit
    if "id" in plain:
        if "movie_id" not in places and "title" in places:
            places["movie_id"] = plain.index("id")
        elif not {"user_id", "movie_id"} & set(places) and set(places) & DEMOGRAPHICS:
            places["user_id"] = plain.index("id")
    return places


def _could_be(table: str, columns: set[str]) -> bool:
    """Ratings may lack the stars or the time: the person is told so."""
    needed = {
        "ratings": {"user_id", "movie_id"},
        "movies": {"movie_id", "title"},
        "links": {"movie_id"},
        "tags": {"user_id", "movie_id", "tag"},
        "users": {"user_id"},
        "imdb_movies": {"title"},
    }[table]
    also: Callable[[set[str]], bool] = {
        "ratings": lambda c: "tag" not in c and bool(c & {"rating", "timestamp"}),
        "movies": lambda c: "user_id" not in c,
        "links": lambda c: bool(c & {"imdb_id", "tmdb_id"}) and "user_id" not in c,
        "tags": lambda c: True,
        "users": lambda c: bool(c & DEMOGRAPHICS) and "movie_id" not in c,
        "imdb_movies": lambda c: bool(c & {"description", "cast", "director", "keywords"}),
    }[table]
    return needed <= columns and also(columns)


def _table_lines(table: str, guess: GuessedTable | None, alike: list[Path], folder: Path) -> list[str]:
    """`alike`: files with the guess's header, itself among them."""
    known = OWN_TABLES[table]
    lines = [f"[{table}]  # {known.brings}"]
    if guess is None:
        named = ", ".join(f'{column} = "?"' for column in known.required)
        return [*lines, 'file = "?"', f"columns = {{ {named} }}"]
    lines.append(f"file = {json.dumps(_named(sorted(alike), folder), ensure_ascii=False)}")
    if guess.encoding != "utf-8":
        lines.append(f"encoding = {json.dumps(guess.encoding)}")
    if guess.delimiter not in (",", "\t") or (guess.delimiter == "\t" and guess.path.suffix not in (".tsv", ".tab")):
        lines.append(f"delimiter = {json.dumps(guess.delimiter)}")
    columns = {**dict.fromkeys(known.required, "?"), **guess.columns}
    if table == "ratings" and columns["rating"] == "?":
        del columns["rating"]
        lines.append("constants = { rating = 4 }  # no stars were found: each row says that it was liked")
    named = ", ".join(f"{c} = {json.dumps(p, ensure_ascii=False)}" for c, p in columns.items())
    return [*lines, f"columns = {{ {named} }}", *_rating_lines(guess), *_list_lines(guess)]


def _named(paths: list[Path], folder: Path) -> str | list[str]:
    """The file's name, one pattern that matches these files and no other, or all names."""
    names = [path.relative_to(folder).as_posix() for path in paths]
    pattern = (paths[0].parent / f"*{paths[0].suffix}").relative_to(folder).as_posix()
    if len(names) > 1 and sorted(folder.glob(pattern)) == paths:
        return pattern
    return names if len(names) > 1 else names[0]


def _rating_lines(guess: GuessedTable) -> list[str]:
    """Scale and unit of time, as far as the first rows tell."""
    lines = []
    stars = [float(v) for v in guess.samples.get("rating", []) if re.fullmatch(r"-?\d+(\.\d+)?", v.strip())]
    if guess.table == "ratings" and stars and (max(stars) > 5 or min(stars) < 0.5):
        top = next(t for t in (1, 5, 10, 20, 100, float(max(stars))) if t >= max(stars))
        lines.append(f"scale = [{0 if min(stars) < 1 else 1}, {top:g}]  # from worst to best: a guess")
    times = [v.strip() for v in guess.samples.get("timestamp", []) if v.strip()]
    if times and "timestamp" in guess.columns:
        if all(re.fullmatch(r"\d{4}-\d{2}-\d{2}.*", v) for v in times):
            lines.append('time = "iso"')
        elif all(v.isdigit() for v in times):
            digits = max(len(v) for v in times)
            lines += [f'time = "{"us" if digits > 14 else "ms"}"'] if digits > 11 else []
    return lines


def _list_lines(guess: GuessedTable) -> list[str]:
    """What separates lists, where it is neither of what is understood anyway."""
    found = {}
    for column in OWN_TABLES[guess.table].lists:
        values = guess.samples.get(column, [])
        if values and not any("|" in v or "," in v for v in values):
            separator = next((s for s in (";", "/", " & ") if any(s in v for v in values)), None)
            if separator:
                found[column] = separator
    named = ", ".join(f"{c} = {json.dumps(s)}" for c, s in found.items())
    return [f"separator = {{ {named} }}"] if found else []


def _is_text(values: list[str]) -> bool:
    return any(v.strip() and not re.fullmatch(r"\d+(\.0+)?", v.strip()) for v in values)
