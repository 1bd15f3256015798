"""Python literals read by SQL, against Python's own reader."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recsys_assets.warehouse.python_literals import list_of_dicts_sql

KEYS = ("id", "name", "character")
Dicts = list[dict[str, object]]

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    [
        "'name': 'x'",
        "{'name': 'x'}",
        "', 'name': 'x",
        '"',
        "'",
        "\\",
        "\\'",
        "}, {",
        "]",
        "None",
        "\xa0",
        "O'Brien",
        "é",
    ]
)
VALUE = st.one_of(TEXT, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
DICTS = st.lists(st.dictionaries(st.sampled_from([*KEYS, "order", "credit_id"]), VALUE, max_size=5), max_size=5)
PIECES = ["[", "]", "{", "}", "'", '"', ": ", ", ", "'name': ", "'x'", "None", "-0", "01", "nan", "\\", "\\x41", "\\n"]
PIECES += [
    "\\N{DIGIT ONE}",
    "\\ud800",
    "\\U0001f600",
    " ",
    "\n",
    "\t",
    "\0",
    "'id': 1",
    "{'name': 'a'}",
    "b'x'",
    "#",
    "(",
    "_",
]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """What Python prints, with a piece of it replaced by another."""
    text = repr(draw(DICTS))
    start = draw(st.integers(0, len(text)))
    return text[:start] + draw(st.sampled_from(PIECES)) + text[start + draw(st.integers(0, 3)) :]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


def read(con: duckdb.DuckDBPyConnection, text: str) -> object:
    query = list_of_dicts_sql("t", keys=KEYS)
    found = con.execute(f"SELECT {query} FROM (SELECT ?::VARCHAR AS t)", [text]).fetchone()
    assert found
    return found[0]


def by_python(text: str) -> Dicts | None:
    """The list of dicts that `text` is in Python; None where it is something else or nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(d, dict) for d in found) else None


def as_read(dicts: Dicts) -> list[dict[str, str | None]]:
    """Values as text, the wanted keys only."""
    return [{k: None if d.get(k) is None else str(d[k]) for k in KEYS} for d in dicts]


def same(found: object, known: Dicts) -> bool:
    """Whether the texts read are the values known; a number may be written in several ways."""
    assert isinstance(found, list)
    pairs = [(f[k], d.get(k)) for f, d in zip(found, known, strict=True) for k in KEYS]
    return all(
        float(text) == value if isinstance(value, (int, float)) and not isinstance(value, bool) else text == value
        for text, value in ((t, str(v) if isinstance(v, bool) else v) for t, v in pairs)
    )


@given(dicts=DICTS)
@example(dicts=[{"character": "'name': 'x'", "name": 'Dwayne "The Rock" O\'Neil'}])
@example(dicts=[{"character": '"}, {"name": "y"', "name": "a\\", "id": None}, {"name": "\x00\x85\u2028\U000e0067"}])
@settings(max_examples=100, deadline=None)
def test_what_python_prints_is_read_as_python_reads_it(con: duckdb.DuckDBPyConnection, dicts: Dicts) -> None:
    assert read(con, repr(dicts)) == as_read(dicts)


@given(text=damaged())
@example(text="[{'name': 'a', 'name': 'b'}]")
@example(text="[{'name': 'a' 'b'}]")
@example(text="[{'name': '\\ud800'}]")
@example(text="[{'name': '\\x4'}]")
@settings(max_examples=150, deadline=None)
def test_what_is_read_at_all_is_what_python_reads(con: duckdb.DuckDBPyConnection, text: str) -> None:
    found, known = read(con, text), by_python(text)
    assert found is None or (known is not None and same(found, known))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "{'name': 'x'}",
        "[{'name': 'x'}",
        "[{'name': 'x'}] ",
        "[{'name': 'x'},]",
        "[{'name': [1]}]",
        "[{'name': x}]",
        "[{'id': 01}]",
        "[{name: 'x'}]",
        "[{'name': 'a'b'}]",
        "[{'name': 'x\n'}]",
        "[{'name': '\\q'}]",
        "['name']",
        "Released",
    ],
)
def test_any_other_text_is_no_value(con: duckdb.DuckDBPyConnection, text: str) -> None:
    assert read(con, text) is None


def test_nothing_stays_nothing_and_an_empty_list_is_one(con: duckdb.DuckDBPyConnection) -> None:
    assert read(con, "[]") == []
    assert con.execute(f"SELECT {list_of_dicts_sql('NULL::VARCHAR', keys=KEYS)}").fetchone() == (None,)


def test_dicts_without_a_text_are_left_out_unread(con: duckdb.DuckDBPyConnection) -> None:
    query = list_of_dicts_sql("t", keys=("name",), containing="Director")
    text = repr([{"job": "Writer", "name": "A"}, {"job": "Director", "name": "B"}])
    assert con.execute(f"SELECT {query} FROM (SELECT ? AS t)", [text]).fetchone() == ([{"name": "B"}],)
