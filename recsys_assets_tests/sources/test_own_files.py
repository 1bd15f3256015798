from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from recsys_assets.sources.files import Conversion, DelimitedFile, SourceError
from recsys_assets.sources.own import files_of, read_mapping, sample_of
from recsys_assets_tests.sources.own_files import SHOP_MAPPING, shop


def described(text: str, folder: Path) -> list[DelimitedFile]:
    return list(files_of(read_mapping(text, where="mapping.toml"), folder, where="mapping.toml"))


def refusal(text: str, folder: Path) -> str:
    with pytest.raises(SourceError) as error:
        described(text, folder)
    return str(error.value)


def test_each_file_is_described_by_its_own_header(tmp_path: Path) -> None:
    january, february, movies, plots = described(SHOP_MAPPING, shop(tmp_path / "shop"))
    assert (january.name, february.name) == ("orders/2024-01.tsv", "orders/2024-02.tsv")
    assert january.columns == ("timestamp", "user_id", "movie_id", "rating")
    assert february.columns == ("rating", "user_id", "movie_id", "timestamp")
    assert january.delimiter == "\t"
    assert january.conversions == {
        "user_id": Conversion(ids="text"),
        "movie_id": Conversion(ids="text"),
        "rating": Conversion(scale=(1, 10)),
        "timestamp": Conversion(time="iso"),
    }
    assert (movies.table, movies.delimiter, movies.encoding, movies.null) == ("raw_movies", ";", "latin-1", "n/a")
    assert movies.columns == ("movie_id", "title", "genres", None, None, None)
    assert movies.conversions == {"movie_id": Conversion(ids="text"), "genres": Conversion(separator="/")}
    assert plots.columns == (None, "title", None, "cast", "cast", "description")


def test_first_rows_are_shown_under_our_names(tmp_path: Path) -> None:
    _, february, movies, plots = described(SHOP_MAPPING, shop(tmp_path / "shop"))
    assert sample_of(february, 1) == [
        {"rating": "5.5", "user_id": "ann@x.org", "movie_id": "SKU-3", "timestamp": "2024-02-01T00:00:00Z"}
    ]
    assert [row["title"] for row in sample_of(movies, 9)] == ["Café (1999)", "Semi;colon (2001)", "Third (2002)"]
    assert sample_of(plots, 1)[0]["cast"] == "Ann|Bo"


PLAIN = """[ratings]
file = "r.*"
columns = { user_id = "u", movie_id = "m", rating = "r", timestamp = "t" }
[movies]
file = "m.csv"
columns = { movie_id = "m", title = "t" }
"""


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    (tmp_path / "m.csv").write_text("m,t\n1,One\n")
    return tmp_path


def test_parquet_and_packed_files_are_read_by_their_endings(plain: Path) -> None:
    frame = pl.DataFrame({"t": [5], "u": [1], "r": [4.5], "m": [1]})
    frame.write_parquet(plain / "r.parquet")
    (ratings, _) = described(PLAIN, plain)
    assert (ratings.format, ratings.header) == ("parquet", ("t", "u", "r", "m"))
    assert ratings.columns == ("timestamp", "user_id", "rating", "movie_id")
    assert sample_of(ratings, 3) == [{"timestamp": "5", "user_id": "1", "rating": "4.5", "movie_id": "1"}]
    (plain / "r.parquet").unlink()
    (plain / "r.tsv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbfu\tm\tr\tt\n1\t1\t4\t9\n"))
    (ratings, _) = described(PLAIN, plain)
    assert (ratings.format, ratings.delimiter, ratings.header) == ("csv", "\t", ("u", "m", "r", "t"))


def test_files_without_header_are_named_in_file_order(plain: Path) -> None:
    (plain / "r.dat").write_text("1::7::4::99\n")
    named = PLAIN.replace('"r.*"', '"r.*"\ndelimiter = "::"\nquote = ""\nnames = ["u", "m", "r", "t"]')
    (ratings, _) = described(named, plain)
    assert ratings.header is None
    assert sample_of(ratings, 2) == [{"user_id": "1", "movie_id": "7", "rating": "4", "timestamp": "99"}]
    assert "names lists 5 columns, and" in refusal(named.replace('"t"]', '"t", "x"]'), plain)


def test_purchases_get_the_constant_as_their_rating(plain: Path) -> None:
    (plain / "r.csv").write_text("u,m,t\n1,1,9\n")
    bought = PLAIN.replace(', rating = "r"', "").replace("[movies]", "constants = { rating = 4 }\n[movies]")
    (ratings, _) = described(bought, plain)
    assert ratings.constants == {"rating": "4"}
    assert sample_of(ratings, 1) == [{"user_id": "1", "movie_id": "1", "timestamp": "9", "rating": "4"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"u,m,rr,t\n", "columns.rating = 'r': {path} has no such column; did you mean 'rr'?"),
        (b"x,y,z\n", "columns.user_id = 'u': {path} has no such column; there are x, y, z"),
        (b"u,m,r,t,r\n", "{path} has several columns called 'r'"),
        (b"", "{path} is empty"),
        (b"\n\n", "{path} is empty"),
        (b"u,m,r,t\xe9\n", "{path} is not utf-8 text"),
        (b"u,m\x00,r,t\n", "{path}"),
        (b"u" * 3_000_000, "{path}"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(content: bytes, said: str, plain: Path) -> None:
    path = plain / "r.csv"
    path.write_bytes(content)
    assert said.format(path=path) in refusal(PLAIN, plain)


def test_a_broken_parquet_or_gzip_file_is_refused_by_name(plain: Path) -> None:
    for name, content in (("r.parquet", b"PAR1 no"), ("r.csv.gz", b"\x1f\x8b no")):
        (plain / name).write_bytes(content)
        assert str(plain / name) in refusal(PLAIN, plain)
        (plain / name).unlink()


def test_a_pattern_without_files_names_those_that_there_are(plain: Path) -> None:
    (plain / "ratings.csv").write_text("u,m,r,t\n")
    assert "file = 'r.*' is not in" in refusal(PLAIN, plain)
    assert "did you mean 'ratings.csv'?" in refusal(PLAIN.replace("r.*", "rating.csv"), plain)


@pytest.mark.parametrize("pattern", ["../m.csv", "/etc/passwd", "a/../../m.csv"])
def test_a_mapping_can_not_leave_its_folder(pattern: str, plain: Path) -> None:
    assert "leaves the folder" in refusal(PLAIN.replace("r.*", pattern), plain)


def test_one_published_column_fills_one_of_ours(plain: Path) -> None:
    (plain / "r.csv").write_text("u,m,r,t\n")
    assert "'u' is mapped to user_id and to rating" in refusal(PLAIN.replace('rating = "r"', 'rating = "u"'), plain)


def test_a_folder_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    assert "is not a folder any more" in refusal(PLAIN, tmp_path / "gone")
