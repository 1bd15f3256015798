from __future__ import annotations

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
