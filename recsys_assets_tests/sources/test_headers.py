"""The first line of a file, whatever the rest of it is."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from recsys_assets.sources.files import DelimitedFile, SourceError
from recsys_assets.sources.headers import HEAD_BYTES, verified

HEADER = ("movieId", "title")


def described(path: Path, **how: str) -> DelimitedFile:
    return DelimitedFile("raw_movies", path, ("movie_id", "title"), HEADER, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_the_header_is_found_whatever_ends_its_line(tmp_path: Path, end: str) -> None:
    path = tmp_path / "movies.csv"
    path.write_bytes(f"\ufeffmovieId,title{end}".encode() + (b"1,x" if end else b""))
    verified(described(path))


def test_a_gz_file_is_read_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "movies.csv.gz"
    path.write_bytes(gzip.compress(b"movieId,title\n1,x\n"))
    verified(described(path))
    path.write_bytes(gzip.compress(b"movieId,name\n1,x\n"))
    with pytest.raises(
        SourceError, match=r"movies\.csv\.gz line 1: columns are movieId, name; expected movieId, title"
    ):
        verified(described(path))


@pytest.mark.parametrize("content", [b"movieId,title\n1,x\n", gzip.compress(b"movieId,title\n" * 99)[:20], b""])
def test_a_gz_file_that_is_none_or_breaks_off_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "movies.csv.gz"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"movies\.csv\.gz"):
        verified(described(path))


def test_nothing_of_a_parquet_file_is_looked_at(tmp_path: Path) -> None:
    file = described(tmp_path / "not-there.parquet", format="parquet")
    assert verified(file) is file


def test_a_line_longer_than_a_mebibyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "movies.csv"
    path.write_bytes(b"x" * HEAD_BYTES)
    with pytest.raises(SourceError, match=r"movies\.csv: line 1 is longer than 1 MiB: not a text table"):
        verified(described(path))


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_of_a_gigabyte_is_not_read_into_memory(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("movies.csv.gz" if packed else "movies.csv")
    if packed:
        path.write_bytes(gzip.compress(b"x" * (64 << 20), compresslevel=1))
    else:
        with path.open("wb") as out:
            out.truncate(1 << 30)  # a sparse file: zero bytes, no line end
    tracemalloc.start()
    with pytest.raises(SourceError, match="longer than 1 MiB"):
        verified(described(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_bytes_that_are_no_text_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "movies.csv"
    path.write_bytes(b"movieId,t\xefitle\n")
    with pytest.raises(SourceError, match=r"movies\.csv can't be read as utf-8 text"):
        verified(described(path))
