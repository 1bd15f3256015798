"""`recsys audit` and `recsys shadow`: what is on record, and what to do where nothing is."""

from __future__ import annotations

import json

import pytest

from recsys_assets.registry.audit import AuditEntry, append_entry
from recsys_assets.serving.shadow import ShadowScore, _append, shadow_folder
from recsys_assets.settings import load_settings
from recsys_assets_tests.cli.conftest import Recsys


def test_nothing_on_record_is_said_with_what_makes_it(recsys: Recsys) -> None:
    audit, shadow = recsys("audit"), recsys("shadow")
    assert (audit.exit_code, shadow.exit_code) == (3, 3)
    assert "recsys materialize" in audit.output
    assert "no request was scored in shadow yet" in shadow.output


def test_the_audit_trail_says_who_and_why(recsys: Recsys, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {"run_id": "r", "before": None, "by": "ann@desk", "why": "falls [too] far", "batches": ("b1",)}
    monkeypatch.setenv("COLUMNS", "200")
    append_entry(load_settings(), AuditEntry("2026-11-25T10:00:00", "refused", "svd", 3, **facts))  # type: ignore[arg-type]
    shown = recsys("audit")
    assert shown.exit_code == 0
    for part in ("refused", "svd", "ann@desk", "[too]"):
        assert part in shown.output
    (entry,) = json.loads(recsys("audit", "svd", "--json").output)
    assert (entry["version"], entry["batches"]) == (3, ["b1"])
    assert json.loads(recsys("audit", "ease", "--json").output) == []


def test_the_shadow_report_is_a_row_a_pair(recsys: Recsys) -> None:
    log = shadow_folder(load_settings()) / "svd.ndjson"
    _append(log, ShadowScore("2026-11-25", "r1", "svd", 1, 2, 10, overlap=0.5, same_list=False))
    (row,) = json.loads(recsys("shadow", "--json").output)
    assert (row["model"], row["overlap"], row["requests"]) == ("svd", 0.5, 1)
    assert "svd" in recsys("shadow").output
