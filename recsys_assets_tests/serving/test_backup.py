"""A deployment that was backed up is the same after it was restored elsewhere; what is no whole backup is refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recsys_assets.atomic import point_to
from recsys_assets.feedback.events import FeedbackEvent
from recsys_assets.feedback.inbox import Inbox
from recsys_assets.serving.backup import BackupError, back_up, restore
from recsys_assets.settings import Settings, load_settings
from recsys_assets.warehouse.database import Warehouse, WarehouseError

EVENT = FeedbackEvent(event_id="e1", user_id=1, movie_id=2, action="like", timestamp=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Path:
    """Dagster's folder of a deployment that has something of every kind."""
    with Warehouse.of(settings).connect() as con:
        con.execute("CREATE TABLE ratings AS SELECT range AS user_id FROM range(1000)")
    version = settings.models_dir / "champion" / "synthetic" / ".versions" / "ease" / "3"
    version.mkdir(parents=True)
    (version / "arrays.npz").write_bytes(bytes(range(256)) * 5_000)
    point_to(settings.champion_dir / "ease", version)
    (settings.models_dir / "checkpoints").mkdir()
    (settings.models_dir / "checkpoints" / "half.pt").write_bytes(b"resumed by a training that is under way")
    dagster = tmp_path / "dagster"
    (dagster / "history").mkdir(parents=True)
    with closing(sqlite3.connect(dagster / "history" / "runs.db")) as con, con:
        con.execute("CREATE TABLE runs (id TEXT)")
        con.execute("INSERT INTO runs VALUES ('first')")
    return dagster


def elsewhere(tmp_path: Path) -> tuple[Settings, Path]:
    root = tmp_path / "elsewhere"
    return load_settings(data_dir=root / "data", models_dir=root / "models", dataset="synthetic"), root / "dagster"


@pytest.mark.parametrize("name", ["all.tar", "all.tar.gz"])
def test_a_restored_deployment_is_the_one_backed_up(settings: Settings, home: Path, tmp_path: Path, name: str) -> None:
    with Inbox(settings.data_dir / "feedback" / "inbox") as inbox:
        inbox.append([EVENT])
        made = back_up(settings, home, target=tmp_path / name)
    new, new_home = elsewhere(tmp_path)
    assert restore(new, new_home, source=tmp_path / name) == made
    with Warehouse.of(new).connect() as con:
        assert con.execute("SELECT sum(user_id) FROM ratings").fetchone() == (499_500,)
    assert (new.champion_dir / "ease").is_symlink()
    assert (new.champion_dir / "ease" / "arrays.npz").read_bytes() == bytes(range(256)) * 5_000
    assert not (new.models_dir / "checkpoints").exists()
    segments = [p for p in (new.data_dir / "feedback" / "inbox").iterdir() if p.suffix in (".open", ".ndjson")]
    assert len(segments) == 1
    assert '"like"' in segments[0].read_text()
    with closing(sqlite3.connect(new_home / "history" / "runs.db")) as con:
        assert con.execute("SELECT * FROM runs").fetchall() == [("first",)]


def test_a_database_is_copied_as_of_its_last_commit_while_it_is_written(
    settings: Settings, home: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(home / "history" / "runs.db")) as con:
        con.execute("PRAGMA journal_mode = WAL")
        with con:
            con.execute("INSERT INTO runs VALUES ('in the journal only')")
        con.execute("INSERT INTO runs VALUES ('not committed')")
        back_up(settings, home, target=tmp_path / "all.tar")
    new, new_home = elsewhere(tmp_path)
    restore(new, new_home, source=tmp_path / "all.tar")
    with closing(sqlite3.connect(new_home / "history" / "runs.db")) as con:
        assert con.execute("SELECT * FROM runs").fetchall() == [("first",), ("in the journal only",)]


def test_feedback_is_taken_from_where_it_comes_before_where_it_goes(
    settings: Settings, home: Path, tmp_path: Path
) -> None:
    for folder in ("accepted", "inbox", "rejected"):
        (settings.data_dir / "feedback" / folder).mkdir(parents=True)
        (settings.data_dir / "feedback" / folder / "batch.ndjson").write_text("{}\n")
    back_up(settings, home, target=tmp_path / "all.tar")
    with tarfile.open(tmp_path / "all.tar") as archive:
        names = archive.getnames()
    assert names[:2] == ["data/feedback/inbox/batch.ndjson", "data/feedback/accepted/batch.ndjson"]
    assert names[-1] == "manifest.json"


def test_nothing_that_is_there_is_overwritten(settings: Settings, home: Path, tmp_path: Path) -> None:
    back_up(settings, home, target=tmp_path / "all.tar")
    with pytest.raises(BackupError, match=r"not empty .*move it away first"):
        restore(settings, home, source=tmp_path / "all.tar")


def test_the_readme_of_an_empty_checkout_stays(settings: Settings, home: Path, tmp_path: Path) -> None:
    (settings.data_dir / "README.md").write_text("what lands here, of old")
    back_up(settings, home, target=tmp_path / "all.tar")
    new, new_home = elsewhere(tmp_path)
    new.data_dir.mkdir(parents=True)
    (new.data_dir / "README.md").write_text("what lands here")
    restore(new, new_home, source=tmp_path / "all.tar")
    assert (new.data_dir / "README.md").read_text() == "what lands here"
    assert new.warehouse_path.exists()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda whole: whole[: len(whole) // 2], r"can't be read|cut off"),
        (lambda whole: whole.replace(bytes(range(256)) * 2, bytes(reversed(range(256))) * 2, 1), "not what was backed"),
        (lambda whole: b"no archive at all", "can't be read"),
        (lambda whole: b"", "can't be read|cut off"),
    ],
)
def test_a_damaged_archive_is_refused_and_leaves_nothing(
    settings: Settings, home: Path, tmp_path: Path, damage: object, told: str
) -> None:
    archive = tmp_path / "all.tar"
    back_up(settings, home, target=archive)
    archive.write_bytes(damage(archive.read_bytes()))  # type: ignore[operator]
    new, new_home = elsewhere(tmp_path)
    with pytest.raises(BackupError, match=told):
        restore(new, new_home, source=archive)
    assert not [p for p in (tmp_path / "elsewhere").rglob("*") if p.is_file()]


def test_an_archive_that_climbs_out_of_its_folder_is_refused(settings: Settings, home: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "hostile.tar", "w") as archive:
        entry = tarfile.TarInfo("../../outside")
        archive.addfile(entry)
    with pytest.raises(BackupError, match="can't be read"):
        restore(*elsewhere(tmp_path), source=tmp_path / "hostile.tar")
    assert not (tmp_path / "outside").exists()


def test_a_backup_inside_what_it_copies_is_refused(settings: Settings, home: Path) -> None:
    with pytest.raises(BackupError, match="lies in what"):
        back_up(settings, home, target=settings.data_dir / "all.tar")


def test_a_warehouse_that_a_run_holds_is_named(settings: Settings, home: Path, tmp_path: Path) -> None:
    holder = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holder, str(settings.warehouse_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"held\n"
        impatient = settings.model_copy(update={"warehouse_lock_timeout": 0.0})
        with pytest.raises(WarehouseError, match=f"held by process {run.pid}"):
            back_up(impatient, home, target=tmp_path / "all.tar")
        run.communicate()
    assert not (tmp_path / "all.tar").exists()
    back_up(settings, home, target=tmp_path / "all.tar")
