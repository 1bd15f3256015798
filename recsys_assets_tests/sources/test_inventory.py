from __future__ import annotations

from pathlib import Path

from recsys_assets.settings import Settings
from recsys_assets.sources import DATASETS, prepare
from recsys_assets.sources.datasets import COMPANION
from recsys_assets.sources.inventory import inventory


def test_every_data_set_is_listed_with_where_it_comes_from(settings: Settings) -> None:
    listed = {s.dataset.name: s for s in inventory(settings.model_copy(update={"data_mirror": None}))}
    assert list(listed) == [*DATASETS, COMPANION.name]
    assert listed["synthetic"].origin == "generated here"
    assert listed["ml-25m"].origin == "https://files.grouplens.org/datasets/movielens/ml-25m.zip"
    mirrored = inventory(settings.model_copy(update={"data_mirror": "/mnt/data/"}))
    assert {s.dataset.name: s for s in mirrored}["ml-1m"].origin.startswith("/mnt/data/movielens/ml-1m.zip, else https")


def test_a_mirror_that_lacks_the_archive_is_not_named(settings: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "mirror" / "movielens" / "ml-1m.zip"
    archive.parent.mkdir(parents=True)
    archive.touch()
    mirrored = settings.model_copy(update={"data_mirror": str(tmp_path / "mirror")})
    listed = {s.dataset.name: s.origin for s in inventory(mirrored)}
    assert listed["ml-1m"].startswith(f"{archive}, else https://files.grouplens.org/")
    assert listed["ml-10m"] == "https://files.grouplens.org/datasets/movielens/ml-10m.zip"
    assert listed["movies-dataset"].startswith("https://www.kaggle.com/")


def test_every_published_set_says_how_much_there_is_to_download() -> None:
    assert [name for name, found in DATASETS.items() if found.megabytes is None] == ["synthetic"]


def test_what_is_on_disk_is_counted(settings: Settings) -> None:
    assert {s.bytes_on_disk for s in inventory(settings)} == {0}
    files = prepare(settings)
    found = {s.dataset.name: s.bytes_on_disk for s in inventory(settings)}
    assert found["synthetic"] >= sum(f.path.stat().st_size for f in files.files) > 1_000_000


def test_a_dropped_archive_is_what_is_used(settings: Settings) -> None:
    target = settings.raw_dir / "ml-1m" / "ml-1m.zip"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"x" * 10)
    status = next(s for s in inventory(settings) if s.dataset.name == "ml-1m")
    assert (status.origin, status.bytes_on_disk) == ("on disk", 10)
