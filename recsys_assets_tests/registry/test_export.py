"""What serving loads: whole at every moment, and reversible."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from recsys_assets.recommenders import load_model
from recsys_assets.recommenders.export import read_manifest
from recsys_assets.registry import NotRegisteredError, Registry, RegistryError, RunRecord
from recsys_assets.registry.export import KEPT_EXPORTS, champion_path, champions, promote, rollback, write_default

Record = Callable[..., RunRecord]


def _best(registry: Registry) -> int:
    return int(load_model(champion_path(registry.settings, "popularity")).recommend([999], 1).movies[0, 0])


def test_promotion_exports_and_names_the_champion(registry: Registry, record: Record) -> None:
    registry.record(record(favourite=2))
    promote(registry, "popularity", 1)
    assert registry.version("popularity", "champion").version == 1
    assert _best(registry) == 2
    assert [(c.model, c.version, c.manifest["data_version"]) for c in champions(registry.settings)] == [
        ("popularity", 1, "d1")
    ]


def test_rollback_returns_to_the_champion_before_and_forward_again(registry: Registry, record: Record) -> None:
    for run, favourite in (("a", 1), ("b", 2), ("c", 3)):
        registry.record(record(run, favourite))
    promote(registry, "popularity", 1)
    promote(registry, "popularity", 3)  # version 2 never was champion
    assert rollback(registry, "popularity").version == 1
    assert _best(registry) == 1
    assert rollback(registry, "popularity", 3).version == 3
    assert _best(registry) == 3


def test_rollback_repeated_goes_further_back_and_never_to_what_was_withdrawn(
    registry: Registry, record: Record
) -> None:
    for run, favourite in (("a", 1), ("b", 2), ("c", 3)):
        version = registry.record(record(run, favourite)).version
        promote(registry, "popularity", version)
    assert [rollback(registry, "popularity").version for _ in range(2)] == [2, 1]
    with pytest.raises(RegistryError, match="no champion before version 1"):
        rollback(registry, "popularity")
    assert _best(registry) == 1
    promote(registry, "popularity", 3)
    assert rollback(registry, "popularity").version == 1, "2 is withdrawn still"
    promote(registry, "popularity", 2)
    promote(registry, "popularity", 3)
    assert rollback(registry, "popularity").version == 2, "its new promotion has cleared it"
    assert _best(registry) == 2


def test_rollback_from_a_version_chosen_by_hand_does_not_swing_to_and_fro(registry: Registry, record: Record) -> None:
    for run in ("a", "b"):
        registry.record(record(run))
    promote(registry, "popularity", 2)
    promote(registry, "popularity", 1)
    assert rollback(registry, "popularity").version == 2
    with pytest.raises(RegistryError, match="no champion before version 2"):
        rollback(registry, "popularity")


def test_rollback_leaves_a_champion_that_another_tool_has_named(registry: Registry, record: Record) -> None:
    for run, favourite in (("a", 1), ("b", 2)):
        registry.record(record(run, favourite))
    promote(registry, "popularity", 1)
    registry.set_alias("popularity", "champion", 2)
    assert rollback(registry, "popularity").version == 1
    assert _best(registry) == 1
    registry.set_alias("popularity", "champion", 2)
    promote(registry, "popularity", 2)
    assert rollback(registry, "popularity").version == 1


def test_rollback_without_an_earlier_champion_is_refused(registry: Registry, record: Record) -> None:
    with pytest.raises(NotRegisteredError):
        rollback(registry, "popularity")
    registry.record(record())
    promote(registry, "popularity", 1)
    with pytest.raises(RegistryError, match="no champion before version 1"):
        rollback(registry, "popularity")


def test_promoting_again_after_a_kill_completes_the_export(registry: Registry, record: Record) -> None:
    registry.record(record())
    registry.set_alias("popularity", "champion", 1)  # killed after the alias, before the export
    promote(registry, "popularity", 1)
    promote(registry, "popularity", 1)
    assert len(champions(registry.settings)) == 1


def test_the_default_model_answers_when_none_is_named(registry: Registry, record: Record) -> None:
    with pytest.raises(NotRegisteredError, match="no champion yet"):
        champion_path(registry.settings)
    registry.record(record())
    promote(registry, "popularity", 1)
    write_default(registry.settings, "popularity", "the only one")
    assert champion_path(registry.settings) == champion_path(registry.settings, "popularity")
    with pytest.raises(NotRegisteredError, match="champions are popularity"):
        champion_path(registry.settings, "svd")


def test_readers_meet_only_whole_exports_while_champions_change(registry: Registry, record: Record) -> None:
    for run, favourite in (("a", 1), ("b", 2)):
        registry.record(record(run, favourite))
    promote(registry, "popularity", 1)
    stop, faults, reads = threading.Event(), [], []

    def read() -> None:
        while not stop.is_set():
            try:
                reads.append(read_manifest(champion_path(registry.settings, "popularity")))
            except Exception as error:  # any fault of a reader is what the test looks for
                faults.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(6):
        promote(registry, "popularity", 1 + turn % 2)
    stop.set()
    reader.join()
    assert faults == []
    assert reads


def test_old_exports_are_dropped_but_never_the_served_one(registry: Registry, record: Record) -> None:
    for number in range(KEPT_EXPORTS + 2):
        registry.record(record(f"run{number}"))
        promote(registry, "popularity", number + 1)
    kept = list((registry.settings.champion_dir / ".versions" / "popularity").iterdir())
    assert len(kept) == KEPT_EXPORTS
    rollback(registry, "popularity", 1)
    assert _best(registry) == 1
