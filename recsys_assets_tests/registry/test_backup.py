from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from recsys_assets.recommenders import load_model
from recsys_assets.registry import Registry, RunRecord
from recsys_assets.registry.export import champion_path, promote
from recsys_assets.serving.backup import back_up, restore
from recsys_assets.settings import load_settings

Record = Callable[..., RunRecord]


def test_a_restored_registry_finds_its_exports_at_their_new_place(
    registry: Registry, record: Record, tmp_path: Path
) -> None:
    registry.record(record(favourite=2))
    promote(registry, "popularity", 1)
    back_up(registry.settings, tmp_path / "dagster", target=tmp_path / "all.tar")
    new = load_settings(data_dir=tmp_path / "new" / "data", models_dir=tmp_path / "new" / "models", dataset="synthetic")
    restore(new, tmp_path / "new" / "dagster", source=tmp_path / "all.tar")
    shutil.rmtree(registry.settings.models_dir)

    restored = Registry(new)
    assert restored.artifact("popularity", 1, part="serving").is_relative_to(new.models_dir)
    assert load_model(champion_path(new, "popularity")).recommend([999], 1).movies[0, 0] == 2
    restored.record(record("second", favourite=3))
    promote(restored, "popularity", 2)
    assert load_model(champion_path(new, "popularity")).recommend([999], 1).movies[0, 0] == 3
