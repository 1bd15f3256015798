"""The split of MovieLens 1M that UltraGCN (Mao et al., CIKM 2021) and its followers report on.

Two files of LightGCN's layout: each line a user and then the movies of that user, numbers separated by blanks. They
are the split's own, from 0, not MovieLens's: there are no titles, no ratings and no times. `train.txt` holds 80 % of
the pairs, `test.txt` 10 %; the 10 % their authors validated on were not published.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.sources.fetch import PublishedFile, fetch
from recsys_assets.sources.files import SourceError

DATASET = "ml-1m-ultragcn"
TRAIN, TEST = (PublishedFile(DATASET, f"{DATASET}/{part}.txt") for part in ("train", "test"))


@dataclass(frozen=True)
class UltraGcnData:
    """Pairs `user_id, movie_id` (int64) of both parts, no pair in both, every user of `test` in `train`."""

    train: pl.DataFrame
    test: pl.DataFrame


def load_ultragcn(settings: Settings, *, progress: Progress = silent) -> UltraGcnData:
    """Both parts, from `data/raw/` or the mirror."""
    train, test = (fetch(file, settings, progress=progress).path for file in (TRAIN, TEST))
    return read_ultragcn(train, test)


def read_ultragcn(train: Path, test: Path) -> UltraGcnData:
    """Both parts from two files of that layout, and what they owe one another."""
    data = UltraGcnData(read_pairs(train), read_pairs(test))
    both = data.test.join(data.train, on=["user_id", "movie_id"])
    if len(both):
        user, movie = both.row(0)
        raise SourceError(
            f"{test}: user {user} is to be recommended movie {movie}, which {train.name} shows them, and {len(both)} "
            "such pairs in all; use the two files of one split"
        )
    strangers = data.test.join(data.train, on="user_id", how="anti")
    if len(strangers):
        raise SourceError(f"{test}: user {strangers['user_id'][0]} is not in {train.name}; use the files of one split")
    return data


def read_pairs(path: Path) -> pl.DataFrame:
    """The pairs `user_id, movie_id` of one file; a user without movies gives none. Errors name file and line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} can't be read: {error}") from error
    texts = pl.DataFrame({"text": lines}, schema={"text": pl.String}).with_row_index("line", offset=1)
    numbers = (
        texts.with_columns(pl.col("text").str.strip_chars().str.replace_all(r"\s+", " "))
        .filter(pl.col("text") != "")
        .with_columns(pl.col("text").str.split(" "))
        .explode("text")
        .with_columns(number=pl.when(pl.col("text").str.contains(r"^\d{1,18}$")).then("text").cast(pl.Int64))
    )
    if len(numbers) == 0:
        raise SourceError(f"{path} holds no line `user movie movie ...`; fetch it anew")
    bad = numbers.filter(pl.col("number").is_null())
    if len(bad):
        line, text, _ = bad.row(0)
        raise SourceError(f"{path} line {line}: {text!r} is no number; a line is `user movie movie ...`")
    users = numbers.group_by("line", maintain_order=True).agg(user_id=pl.col("number").first())
    _require_once(users, ["user_id"], path, "user {} has a line already; a user has one line")
    movies = numbers.filter(pl.col("line") == pl.col("line").shift(1)).join(users, on="line", maintain_order="left")
    pairs = movies.select("line", "user_id", movie_id="number")
    _require_once(pairs, ["user_id", "movie_id"], path, "user {} has movie {} twice; a pair is given once")
    return pairs.select("user_id", "movie_id")


def _require_once(frame: pl.DataFrame, key: list[str], path: Path, fault: str) -> None:
    again = frame.filter(~pl.struct(key).is_first_distinct())
    if len(again):
        raise SourceError(f"{path} line {again['line'][0]}: {fault.format(*again.select(key).row(0))}")
