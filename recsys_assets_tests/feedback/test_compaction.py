"""Many accepted files become one archive, and not a byte is lost."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recsys_assets.feedback import compaction
from recsys_assets.feedback.archives import archived_batches, archives
from recsys_assets.feedback.compaction import CompactionError, compact, restore
from recsys_assets.feedback.folders import Folders
from recsys_assets.feedback.store import waiting_batches


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    found = Folders(tmp_path / "inbox", tmp_path / "accepted", tmp_path / "rejected")
    found.inbox.mkdir()
    found.accepted.mkdir()
    return found


def keep(folders: Folders, *names: str, lines: int = 2) -> dict[str, bytes]:
    """Accepted files of those names, each with its own content."""
    for name in names:
        (folders.accepted / f"{name}.ndjson").write_bytes(
            b"".join(b'{"%s": %d}\n' % (name.encode(), n) for n in range(lines))
        )
    return contents(folders.accepted)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_files_are_archived_byte_for_byte_and_their_events_counted(folders: Folders, tmp_path: Path) -> None:
    pl.DataFrame({"a": [1, 2, 3]}).write_parquet(folders.accepted / "p.parquet")
    before = keep(folders, "b1", "b2")
    found = compact(folders)
    assert (found.files, found.events, found.removed, found.archives) == (3, 7, 3, 1)
    assert (found.archived_files, found.archived_events) == (3, 7)
    assert contents(folders.accepted) == {}
    restore(folders, tmp_path / "back")
    assert contents(tmp_path / "back") == before


def test_repeating_it_changes_nothing(folders: Folders) -> None:
    keep(folders, "b1", "b2")
    first = compact(folders)
    held = contents(folders.compacted)
    again = compact(folders)
    assert (again.files, again.removed) == (0, 0)
    assert (again.archived_files, again.archived_events) == (first.archived_files, first.archived_events)
    assert contents(folders.compacted) == held


def test_the_next_nights_files_join_the_same_archive(folders: Folders) -> None:
    keep(folders, "b1")
    compact(folders)
    keep(folders, "b2")
    found = compact(folders)
    assert (found.files, found.archives, found.archived_files, found.archived_events) == (1, 1, 2, 4)


def test_a_large_archive_is_left_alone(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "SMALL", 10)
    for name in ("b1", "b2"):
        keep(folders, name)
        found = compact(folders)
    assert (found.archives, found.archived_files) == (2, 2)


def test_a_run_killed_before_it_removed_the_files_is_made_up_for(folders: Folders, tmp_path: Path) -> None:
    before = keep(folders, "b1", "b2")
    compact(folders)
    for name, content in before.items():  # as if they had not been removed
        (folders.accepted / name).write_bytes(content)
    found = compact(folders)
    assert (found.files, found.removed, found.archived_files) == (0, 2, 2)
    assert contents(folders.accepted) == {}


def test_a_run_killed_between_two_archives_counts_nothing_twice(folders: Folders) -> None:
    keep(folders, "b1")
    compact(folders)
    old = contents(folders.compacted)
    keep(folders, "b2")
    compact(folders)
    for name, content in old.items():  # as if the old one had not been removed
        (folders.compacted / name).write_bytes(content)
    found = compact(folders)
    assert (found.archives, found.archived_files, found.archived_events) == (1, 2, 4)


def test_what_the_graph_has_not_taken_yet_is_left(folders: Folders) -> None:
    keep(folders, "b1", "b2")
    assert compact(folders, taken={"b1"}).files == 1
    assert [p.stem for p in folders.accepted.iterdir()] == ["b2"]


def test_more_than_can_be_read_at_once_waits(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MOST_BYTES", 30)
    keep(folders, "b1", "b2", "b3")
    assert [compact(folders).files for _ in range(4)] == [1, 1, 1, 0]
    assert set(archived_batches(folders.compacted)) == {"b1", "b2", "b3"}


def test_an_archive_that_does_not_hold_its_content_removes_nothing(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keep(folders, "b1")
    written = pl.DataFrame.write_parquet

    def torn(frame: pl.DataFrame, path: Path, **options: object) -> None:
        written(frame.with_columns(content=pl.lit(b"x")), path)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", torn)
    with pytest.raises(CompactionError, match="Nothing was removed"):
        compact(folders)
    assert contents(folders.accepted) == before
    assert archives(folders.compacted) == []


def test_a_name_that_an_archive_holds_with_other_content_is_another_batch(folders: Folders) -> None:
    same = keep(folders, "b1")["b1.ndjson"]
    compact(folders)
    (folders.inbox / "b1.ndjson").write_bytes(same)
    assert waiting_batches(folders) == ["b1"]
    (folders.inbox / "b1.ndjson").write_bytes(b"{}\n")
    (name,) = waiting_batches(folders)
    assert name.startswith("b1-")
    assert waiting_batches(folders) == [name], "and keeps its own name"
