"""The tuner's page shows what `recsys tuner tune`, `contest` and `replay` leave behind."""

from __future__ import annotations

from pathlib import Path

from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.serving.app.facts.tuner import tuner
from recsys_assets.settings import Settings, load_settings
from recsys_assets.tuner.live import Decision
from recsys_assets.tuner.real.probe import Probe
from recsys_assets.tuner.reported import add_to_report
from recsys_assets.tuner.tuned import Tuned, Tuning, publish_tuning
from recsys_assets_tests.serving.app.conftest import Open, text_of

BEFORE, AFTER = Knobs.lean((1, 1, 1, 1), 2), Knobs.lean((9, 1, 2, 1), 8)
ROW = {"tuner": "Plumber's LP", "q": 0.9, "difference": float("nan"), "low": -0.1, "high": 0.1, "runs": 5}


def tuned(settings: Settings) -> None:
    found = Tuned("object-store", "fitted model", AFTER.workers, 8, 20.0, 220.0, 0.9, 0.1, 1e6, 2, 2, True)
    log = (
        Decision(0.0, "fetch", BEFORE, AFTER, 20.0, 0.9, 0.1, 0.001, "fitted model"),
        Decision(1.0, "trainer", AFTER, AFTER, 218.0, 0.1, 0.2, 0.001, "fitted model"),
    )
    probe = Probe(BEFORE, 1.0, 20.0, 0.1, 0.1, 0.1, 0.9, 0.1, 0.0, 2, 1e6, (1, 0, 0, 0), (1, 0, 0, 0), (0, 0, 0, 0))
    publish_tuning(settings, [Tuning(found, log, None, (probe, probe))])
    add_to_report(settings, "live", {"object-store, 2 cores, then 1": [ROW]})
    add_to_report(settings, "contests", {"familiar": [{**ROW, "tuner": "DS2-style control"}]})
    add_to_report(settings, "live", {"local-disk, 2 cores, then 1": [ROW]})


def test_what_was_tuned_and_compared_is_shown(opened_empty: Open, tmp_path: Path) -> None:
    tuned(load_settings(data_dir=tmp_path / "data", dataset="synthetic"))
    page = opened_empty("tuner")
    said = text_of(page)

    assert not page.exception
    assert "11.00 times the default; workers 9, 1, 2, 1" in said
    for heading in ("On the real pipeline: object-store, 2 cores, then 1", "Simulated pipelines: familiar"):
        assert heading in said
    assert "Plumber&#x27;s LP" in said or "Plumber's LP" in said


def test_parts_of_the_report_are_added_to_each_other(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "data", dataset="synthetic")
    tuned(settings)
    found = tuner(settings)

    assert found is not None
    assert set(found.live) == {"object-store, 2 cores, then 1", "local-disk, 2 cores, then 1"}
    assert [row["tuner"] for row in found.contests["familiar"]] == ["DS2-style control"]
    assert found.live["local-disk, 2 cores, then 1"][0]["difference"] is None
    assert not found.replayed
    assert [step.workers for step in found.steps["object-store"]] == [(9, 1, 2, 1), (9, 1, 2, 1)]
