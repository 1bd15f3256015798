from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recsys_assets.sources.files import Conversion
from recsys_assets.sources.own.ids import number_of
from recsys_assets.warehouse import fields
from recsys_assets.warehouse.conversions import converted_sql

TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=30)
NUMBER = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(-10, 120, places=3).map(str),
    st.sampled_from(["1,234", "1e1", "+3", " 4 ", "0x3", "1_0", "3.", ".5", "NaN", "inf", "5.00000001", "0.49999999"]),
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """As the warehouse opens it, in a zone that is not UTC: no value may be read by the session's zone."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(config=config) as connection:
        connection.execute("SET TimeZone = 'Asia/Kolkata'")
        yield connection


def landed(con: duckdb.DuckDBPyConnection, text: str | None, conversion: Conversion) -> str | None:
    found = con.execute(f"SELECT {converted_sql('x', conversion)} FROM (SELECT ?::VARCHAR AS x)", [text]).fetchone()
    assert found is not None
    assert found[0] is None or isinstance(found[0], str)
    return found[0]  # type: ignore[no-any-return]


def cleaned(con: duckdb.DuckDBPyConnection, text: str | None, field: fields.Field) -> object:
    """What cleaning reads of a landed value; None where it puts it aside."""
    found = con.execute(f"SELECT {field.value} FROM (SELECT ?::VARCHAR AS x)", [text]).fetchone()
    assert found is not None
    return found[0]


def stars_of(con: duckdb.DuckDBPyConnection, text: str | None) -> float | None:
    """The rating that would enter the validated table."""
    stars = cleaned(con, text, fields.number("x"))
    return stars if isinstance(stars, float) and 0.5 <= stars <= 5.0 else None


@pytest.mark.parametrize(
    ("text", "scale", "stars"),
    [
        ("1", (1, 10), "0.5"),
        ("10", (1, 10), "5.0"),
        (" 7 ", (1, 10), "3.5"),
        ("0", (0, 100), "0.5"),
        ("100.0", (0, 100), "5.0"),
        ("1", (6, 1), "5.0"),  # school grades, 1 is best
        ("6", (6, 1), "0.5"),
        ("-1", (-1, 1), "0.5"),
        ("1", (0, 1), "5.0"),
    ],
)
def test_a_scale_is_mapped_linearly_on_the_stars(
    con: duckdb.DuckDBPyConnection, text: str, scale: tuple[float, float], stars: str
) -> None:
    assert landed(con, text, Conversion(scale=scale)) == stars


@given(text=st.one_of(NUMBER, TEXT), scale=st.sampled_from([(1, 10), (10, 100), (0, 100), (6, 1), (2, 3), (0.5, 5)]))
@example(text="11", scale=(1, 10))
@example(text="3", scale=(10, 100))
@example(text="5.0000000001", scale=(10, 100))
@example(text="5.00000001", scale=(0.5, 5))
def test_only_a_number_on_the_scale_becomes_a_rating(
    con: duckdb.DuckDBPyConnection, text: str, scale: tuple[float, float]
) -> None:
    shown = cleaned(con, text, fields.Field("TRY_CAST(trim(x) AS DOUBLE)", "x"))
    stars = stars_of(con, landed(con, text, Conversion(scale=scale)))
    low, high = scale
    if isinstance(shown, float) and min(scale) <= shown <= max(scale):
        assert stars == pytest.approx(0.5 + 4.5 * (shown - low) / (high - low), abs=1e-4)
    else:
        assert stars is None


def test_a_rating_beyond_the_scale_keeps_its_text_or_gets_the_reason_behind_it(con: duckdb.DuckDBPyConnection) -> None:
    assert landed(con, "11", Conversion(scale=(1, 10))) == "11"
    assert landed(con, "3", Conversion(scale=(10, 100))) == "3 (not on the scale 10-100)"
    assert landed(con, "good", Conversion(scale=(1, 10))) == "good"


MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1))


@given(moment=MOMENTS, minutes=st.integers(-23 * 60 - 59, 23 * 60 + 59), spelling=st.integers(0, 7))
def test_iso_times_are_read_with_their_zone_and_else_as_utc(
    con: duckdb.DuckDBPyConnection, moment: datetime, minutes: int, spelling: int
) -> None:
    zone = timezone(timedelta(minutes=minutes))
    moment = moment.replace(microsecond=0)
    sign, ahead = "-" if minutes < 0 else "+", abs(minutes)
    text, meant = (
        (moment.isoformat(), moment.replace(tzinfo=UTC)),
        (moment.isoformat(" "), moment.replace(tzinfo=UTC)),
        (moment.isoformat() + "Z", moment.replace(tzinfo=UTC)),
        (moment.isoformat(" ") + ".987 UTC", moment.replace(tzinfo=UTC)),
        (moment.replace(tzinfo=zone).isoformat(), moment.replace(tzinfo=zone)),
        (f"{moment.isoformat()}{sign}{ahead // 60:02}{ahead % 60:02}", moment.replace(tzinfo=zone)),
        (f"{moment:%Y-%m-%d}", datetime(moment.year, moment.month, moment.day, tzinfo=UTC)),
        (f"{moment:%Y-%m-%d %H:%M}", moment.replace(second=0, tzinfo=UTC)),
    )[spelling]
    assert landed(con, text, Conversion(time="iso")) == str(int(meant.timestamp()))


@given(moment=st.integers(0, 4_000_000_000_000_000))
def test_milliseconds_and_microseconds_become_whole_seconds(con: duckdb.DuckDBPyConnection, moment: int) -> None:
    assert landed(con, str(moment), Conversion(time="ms")) == str(moment // 1_000)
    assert landed(con, f"{moment}.0", Conversion(time="us")) == str(moment // 1_000_000)


@given(text=st.one_of(NUMBER, TEXT), unit=st.sampled_from(["ms", "us", "iso"]))
@example(text="1500000000", unit="iso")
@example(text="1,500,000,000", unit="ms")
@example(text="1500000000.5", unit="ms")
def test_a_time_that_could_not_be_read_is_not_taken_for_seconds(
    con: duckdb.DuckDBPyConnection, text: str, unit: str
) -> None:
    value = landed(con, text, Conversion(time=unit))  # type: ignore[arg-type]
    if value == text:
        seconds = cleaned(con, value, fields.unix_time("x"))
        assert seconds is None or seconds == datetime(1970, 1, 1), "0 is 0 in each unit, and no rating is that old"


def test_days_that_do_not_exist_are_not_read(con: duckdb.DuckDBPyConnection) -> None:
    for text in ("2015-02-30", "2015-13-01", "2015-01-01 25:00:00", "2015-01-01T00:00:00+99:00", "01/02/2015"):
        assert landed(con, text, Conversion(time="iso")) == text


@pytest.mark.parametrize(
    ("text", "separator", "names"),
    [
        ("Drama; Comedy", ";", ["Drama", "Comedy"]),
        ("Downey, Robert; Hanks, Tom", ";", ["Downey, Robert", "Hanks, Tom"]),
        ("Downey, Robert", ";", ["Downey, Robert"]),
        ("Drama, Comedy", ", ", ["Drama", "Comedy"]),
        ("Drama", "/", ["Drama"]),
        ("", "/", []),
    ],
)
def test_lists_are_split_where_stated_and_nowhere_else(
    con: duckdb.DuckDBPyConnection, text: str, separator: str, names: list[str]
) -> None:
    assert cleaned(con, landed(con, text, Conversion(separator=separator)), fields.name_list("x")) == names


@given(text=TEXT)
def test_text_ids_are_numbered_as_python_numbers_them(con: duckdb.DuckDBPyConnection, text: str) -> None:
    number = landed(con, text, Conversion(ids="text"))
    if text.strip(" "):
        assert number == str(number_of(text))
        assert 0 < int(number) < 2**53
    else:
        assert number is None


@pytest.mark.parametrize(
    "conversion",
    [
        Conversion(),
        Conversion(scale=(1, 10)),
        Conversion(time="iso"),
        Conversion(time="ms"),
        Conversion(time="us"),
        Conversion(separator=";"),
        Conversion(ids="text"),
    ],
)
def test_no_value_stays_no_value(con: duckdb.DuckDBPyConnection, conversion: Conversion) -> None:
    assert landed(con, None, conversion) is None


def test_two_conversions_of_one_column_are_refused() -> None:
    with pytest.raises(ValueError, match="more than one"):
        converted_sql("x", Conversion(scale=(1, 10), separator=";"))
