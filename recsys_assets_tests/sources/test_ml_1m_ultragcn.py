from __future__ import annotations

from pathlib import Path

import pytest

from recsys_assets.settings import Settings
from recsys_assets.sources.errors import UnavailableError
from recsys_assets.sources.files import SourceError
from recsys_assets.sources.ml_1m_ultragcn import load_ultragcn, read_pairs, read_ultragcn


@pytest.mark.real_data
def test_the_published_split_has_its_published_sizes(mirror: Path, settings: Settings) -> None:
    data = load_ultragcn(settings.model_copy(update={"data_mirror": str(mirror)}))
    assert (len(data.train), len(data.test)) == (796_244, 99_455)
    assert data.train["user_id"].n_unique() == data.test["user_id"].n_unique() == 6022
    assert max(data.train["movie_id"].max(), data.test["movie_id"].max()) == 3042  # type: ignore[type-var]
    assert data.train.row(0) == (0, 148)


def test_lines_are_a_user_and_then_movies(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("7 1  3 2 \r\n\n0 3\n5\n")
    assert read_pairs(path).rows() == [(7, 1), (7, 3), (7, 2), (0, 3)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0 1 2\n1 two 3\n", r"train.txt line 2: 'two' is no number"),
        ("0 1 -2\n", r"line 1: '-2'"),
        ("0 1 2.5\n", r"line 1: '2.5'"),
        ("0 1\n\n0 2\n", r"line 3: user 0 has a line already"),
        ("0 1\n4 8 9 8\n", r"line 2: user 4 has movie 8 twice"),
        ("\n", "holds no line"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "train.txt"
    path.write_text(text)
    with pytest.raises(SourceError, match=fault):
        read_pairs(path)


def test_files_of_two_splits_are_refused(tmp_path: Path) -> None:
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    train.write_text("0 1 2\n1 2\n")
    test.write_text("0 3 2\n")
    with pytest.raises(SourceError, match="user 0 is to be recommended movie 2"):
        read_ultragcn(train, test)
    test.write_text("0 3\n2 1\n")
    with pytest.raises(SourceError, match="user 2 is not in"):
        read_ultragcn(train, test)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_bytes(b"0 \xff\n")
    with pytest.raises(SourceError, match="can't be read"):
        read_pairs(path)


def test_without_the_files_the_ways_out_are_told(settings: Settings) -> None:
    with pytest.raises(UnavailableError, match="RECSYS_DATA_MIRROR"):
        load_ultragcn(settings.model_copy(update={"data_mirror": None}))
