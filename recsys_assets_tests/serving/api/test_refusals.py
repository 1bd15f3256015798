"""What the machine could not read just now is tried again; what is wrong stays refused until it changes."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from recsys_assets.recommenders import ModelError
from recsys_assets.recommenders.export import read_export
from recsys_assets.serving.api.champions import ChampionStore
from recsys_assets.serving.api.refusals import Refusals, passes
from recsys_assets.serving.api.served import Stamp
from recsys_assets_tests.serving.api.world import deployment, export, fitted

STAMP = Stamp(Path("champion/.versions/ease/3"), 1, 1)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def no_file_to_be_had() -> Iterator[None]:
    """This process may open no more files than it has open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(int(file.name) for file in Path("/dev/fd").iterdir()) + 1, hard))
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        yield
    finally:
        for file in taken:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_champion_is_taken_once_files_can_be_opened_again(tmp_path: Path) -> None:
    settings = deployment(tmp_path, "popularity", default="popularity")
    store, clock = ChampionStore(settings), Clock()
    store.refusals = Refusals(clock)
    store.refresh()
    export(settings.champion_dir, fitted("popularity", favourite=8), 2)
    stamp = Stamp.of(store.exported()["popularity"])
    with no_file_to_be_had():
        swap = store._bring("popularity", stamp.path)  # a look would fail where it lists the folder
    assert swap is not None
    assert os.strerror(errno.EMFILE) in swap.error
    assert store.default.version == 1
    assert "tried again after 1 s" in store.refused()["popularity/2"]
    assert store.refresh() == [], "not before the second has passed"
    clock.now += 1
    (swap,) = store.refresh()
    assert (swap.before, swap.after, swap.error) == (1, 2, "")
    assert store.default.version == 2
    assert store.refused() == {}


def test_what_is_wrong_with_the_file_stays_refused(tmp_path: Path) -> None:
    settings = deployment(tmp_path, "popularity", default="popularity")
    (settings.champion_dir / "popularity" / "arrays.npz").write_bytes(b"no arrays")
    store, clock = ChampionStore(settings), Clock()
    store.refusals = Refusals(clock)
    (swap,) = store.refresh()
    assert "checksum" in swap.error
    clock.now += 1e9
    assert store.refresh() == []


def test_waits_grow_to_a_minute_and_a_later_fault_of_the_file_ends_them() -> None:
    clock = Clock()
    refusals, waits = Refusals(clock), []
    for _ in range(8):
        refusals.add(STAMP, OSError(errno.EIO, "disk"))
        before = clock.now
        while refusals.stands(STAMP):
            clock.now += 0.5
        waits.append(clock.now - before)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    refusals.add(STAMP, ModelError("wrong checksum"))
    clock.now += 1e9
    assert refusals.stands(STAMP)
    assert refusals.told() == {"ease/3": "wrong checksum"}


def test_readers_that_lose_the_number_of_an_error_are_understood(tmp_path: Path) -> None:
    table = tmp_path / "a.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(table)
    with pytest.raises(OSError, match="open files") as found, no_file_to_be_had():
        pl.read_parquet(table)
    assert found.value.errno is None
    assert passes(found.value)
    assert passes(ImportError("libtorch.so: cannot open shared object file: Too many open files"))
    wrapped = ModelError("arrays.npz can't be read; export the model again")
    wrapped.__cause__ = OSError(errno.ESTALE, "Stale file handle")
    assert passes(wrapped)
    assert passes(MemoryError())


def test_a_missing_or_broken_file_does_not_pass(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as found:
        read_export(tmp_path / "nothing")
    assert not passes(found.value)
    assert not passes(FileNotFoundError(errno.ENOENT, "no such file"))
    assert not passes(ImportError("No module named 'torch'"))
    assert not passes(ValueError("no model of that name"))
