"""Damaged exports and deleted stores: the next promotion or training sets them right."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from recsys_assets.recommenders import ModelError, load_model
from recsys_assets.recommenders.export import read_manifest
from recsys_assets.registry import Registry, RunRecord
from recsys_assets.registry.export import champion_path, champions, promote, rollback

Record = Callable[..., RunRecord]


def _best(registry: Registry) -> int:
    return int(load_model(champion_path(registry.settings, "popularity")).recommend([999], 1).movies[0, 0])


def _truncate(export: Path) -> None:
    arrays = export / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-20])


def _remove_the_catalogue(export: Path) -> None:
    (export / "catalogue.parquet").unlink()


def _remove_the_manifest(export: Path) -> None:
    (export / "manifest.json").unlink()


def _cut_the_manifest(export: Path) -> None:
    manifest = export / "manifest.json"
    manifest.write_text(manifest.read_text()[:40])


def _rewrite_the_manifest(export: Path) -> None:
    manifest = export / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"data_version": "another"}))


def _put_a_foreign_file(export: Path) -> None:
    (export / "arrays.npz").write_text("no arrays")


def _put_a_file_in_its_place(export: Path) -> None:
    shutil.rmtree(export)
    export.write_text("no folder")


def _empty(export: Path) -> None:
    shutil.rmtree(export)
    export.mkdir()


def test_promoting_again_repairs_a_damaged_export(registry: Registry, record: Record) -> None:
    registry.record(record(favourite=2))
    promote(registry, "popularity", 1)
    whole = read_manifest(registry.artifact("popularity", 1, part="serving"))
    for damage in (
        _truncate,
        _remove_the_catalogue,
        _remove_the_manifest,
        _cut_the_manifest,
        _rewrite_the_manifest,
        _put_a_foreign_file,
        _put_a_file_in_its_place,
        _empty,
    ):
        exported = champion_path(registry.settings, "popularity")
        damage(exported)
        with pytest.raises((ModelError, OSError)):
            read_manifest(exported)
        promote(registry, "popularity", 1)
        assert [(c.version, c.manifest) for c in champions(registry.settings)] == [(1, whole)], damage.__name__
        assert _best(registry) == 2, damage.__name__
        assert sorted(p.name for p in exported.parent.iterdir() if p.is_dir()) == ["1"], damage.__name__


def test_a_whole_export_of_another_version_is_replaced(registry: Registry, record: Record) -> None:
    for run, favourite in (("a", 1), ("b", 2)):
        registry.record(record(run, favourite))
    promote(registry, "popularity", 1)
    exported = champion_path(registry.settings, "popularity")
    shutil.rmtree(exported)
    shutil.copytree(registry.artifact("popularity", 2, part="serving"), exported)
    assert _best(registry) == 2
    promote(registry, "popularity", 1)
    assert _best(registry) == 1


def test_a_version_whose_model_is_damaged_takes_nobodys_place(registry: Registry, record: Record) -> None:
    for run, favourite in (("a", 1), ("b", 2), ("c", 3)):
        registry.record(record(run, favourite))
    promote(registry, "popularity", 2)
    _truncate(registry.artifact("popularity", 1, part="serving"))
    _truncate(registry.artifact("popularity", 3, part="serving"))
    with pytest.raises(ModelError, match="checksum"):
        promote(registry, "popularity", 3)
    with pytest.raises(ModelError, match="checksum"):
        rollback(registry, "popularity", 1)
    champion = registry.version("popularity", "champion")
    assert champion.version == 2
    assert not champion.tags.get("withdrawn_at"), "a rollback that failed has withdrawn nothing"
    assert _best(registry) == 2


@pytest.mark.parametrize("lost", ["deleted", "empty"])
def test_a_lost_store_is_set_up_anew_and_its_old_exports_are_not_served(
    registry: Registry, record: Record, lost: str
) -> None:
    registry.record(record("before", 1))
    promote(registry, "popularity", 1)
    store = registry.settings.models_dir / "mlflow.db"
    store.unlink()
    if lost == "empty":
        store.touch()
    assert registry.versions_of_all() == []
    assert _best(registry) == 1, "serving goes on"
    again = registry.record(record("after", 3))
    assert (again.version, again.aliases) == (1, ("challenger",))
    assert store.stat().st_size > 0
    promote(registry, "popularity", 1)
    assert _best(registry) == 3
