"""What was measured is kept while machine, data, code and settings are the same, and no longer than asked for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from recsys_assets.settings import Settings, load_settings
from recsys_assets.tuner import unchanged
from recsys_assets.tuner.unchanged import Shown, code_version, keep, read_kept, stamp_of
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.agents.conftest import small_world

SHOWN = Shown({"ratio": 2.0}, {"advice": "more"}, {"table": "| a |"})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = load_settings(dataset="synthetic").model_copy(update={"data_dir": tmp_path})
    Lake(found.lake_dir).publish_frame(small_world()[0], "ratings", upstream={})
    return found


def test_it_is_found_again_as_it_was(settings: Settings) -> None:
    stamp = stamp_of(settings, {"seconds": 1.0})
    assert read_kept(settings, "an_asset", stamp, days=7) is None
    keep(settings, "an_asset", stamp, SHOWN)
    found = read_kept(settings, "an_asset", stamp_of(settings, {"seconds": 1.0}), days=7)
    assert found is not None
    assert found.shown == SHOWN
    assert read_kept(settings, "another", stamp, days=7) is None


def test_other_settings_data_machine_or_code_are_another_stamp(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamps = [stamp_of(settings, {"seconds": 1.0}), stamp_of(settings, {"seconds": 2.0})]
    simulated = stamp_of(settings, {"seconds": 1.0}, measures=False)
    Lake(settings.lake_dir).publish_frame(small_world()[0].head(50), "ratings", upstream={})
    stamps.append(stamp_of(settings, {"seconds": 1.0}))
    monkeypatch.setattr(unchanged, "cores_at_hand", lambda: 96)
    stamps.append(stamp_of(settings, {"seconds": 1.0}))
    assert stamp_of(settings, {"seconds": 1.0}, measures=False) == simulated, "what is simulated asks neither"
    monkeypatch.setattr(unchanged, "code_version", lambda: "other")
    stamps.append(stamp_of(settings, {"seconds": 1.0}))
    assert len(set(stamps)) == 5
    assert stamp_of(settings, {"seconds": 1.0}, measures=False) != simulated


def test_after_a_week_it_is_measured_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(settings, "an_asset", "stamp", SHOWN)
    now = time.time()
    monkeypatch.setattr(unchanged.time, "time", lambda: now + 6.9 * 86_400)
    assert read_kept(settings, "an_asset", "stamp", days=7) is not None
    monkeypatch.setattr(unchanged.time, "time", lambda: now + 7.1 * 86_400)
    assert read_kept(settings, "an_asset", "stamp", days=7) is None
    assert read_kept(settings, "an_asset", "stamp", days=0) is None


def test_the_code_is_that_of_pipeline_and_tuner() -> None:
    assert len(code_version()) == 16
    assert code_version() == code_version()
