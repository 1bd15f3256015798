"""`recsys tuner`: figures only where the model passed, and one line where something is missing or wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from recsys_assets.settings import load_settings
from recsys_assets.tuner.real.workload import workload
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.agents.conftest import small_world
from recsys_assets_tests.cli.conftest import Recsys
from recsys_assets_tests.loading.streaming.test_engine import sequences

two_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) != 2, reason="grids of 2 cores are shipped"
)


@two_cores
def test_another_machine_is_answered_for_only_where_the_model_passed(recsys: Recsys) -> None:
    answered = recsys("tuner", "what-if", "--cores", 64, "--memory", "256GB")
    refused = recsys("tuner", "what-if", "--cores", 64, "--memory", "256GB", "--scenario", "local-disk")

    assert answered.exit_code == 0
    assert "SIMULATED, 64 cores" in answered.output
    assert "measured on another machine" in answered.output
    assert refused.exit_code == 1
    assert "NOT passed" in refused.output
    assert "SIMULATED" not in refused.output


@two_cores
def test_whether_the_model_passes_is_the_exit_code(recsys: Recsys) -> None:
    assert recsys("tuner", "validate").exit_code == 0
    assert recsys("tuner", "validate", "--scenario", "local-disk").exit_code == 1


def test_what_is_missing_or_wrong_is_said_in_a_line(recsys: Recsys) -> None:
    unknown = recsys("tuner", "validate", "--scenario", "tape")
    unmeasured = recsys("tuner", "validate", "--cores", 7)
    unbuilt = recsys("tuner", "profile")

    assert (unknown.exit_code, unmeasured.exit_code, unbuilt.exit_code) == (2, 3, 3)
    assert "there are object-store" in unknown.output
    assert "recsys tuner grid --scenario object-store --cores 7" in " ".join(unmeasured.output.split())
    assert "recsys materialize" in unbuilt.output


def test_a_profile_says_what_limits_and_what_helps(recsys: Recsys) -> None:
    interactions, catalogue = small_world()
    lake = Lake(load_settings().lake_dir)
    lake.publish_frame(interactions, "ratings", upstream={})
    lake.publish_frame(catalogue, "catalogue", upstream={})
    shown = recsys("tuner", "profile", "--seconds", 0.1)
    as_json = recsys("tuner", "profile", "--seconds", 0.1, "--json")

    assert shown.exit_code == 0, shown.output
    assert "Limited by" in shown.output
    assert "Helps most:" in shown.output
    assert "emulated object store" in shown.output
    found = json.loads(as_json.stdout)
    assert found["untuned"]["knobs"]["workers"] == [1, 1, 1, 1]
    assert Path(load_settings().data_dir, "tuner", "synthetic", "training.parquet").exists()


def test_a_copied_folder_is_enough_for_a_contest_and_its_table_is_kept(recsys: Recsys) -> None:
    settings = load_settings()
    folder = settings.data_dir / "tuner" / settings.dataset
    workload(sequences(), 500, folder)
    quick = ("--cores", "1,1", "--interval", 0.1, "--decisions", 4, "--others", 99)
    held = recsys("tuner", "contest", "--tuners", "one, ds2", "--repeats", 1, *quick)
    again = recsys("tuner", "contest", "--tuners", "one", "--repeats", 2, "--minutes", 0.1, *quick, "--json")
    wrong = recsys("tuner", "contest", "--cores", "two", *quick[2:])

    assert held.exit_code == 0, held.output
    assert "Live: object-store, 1 cores, then 1" in held.output
    assert {place["tuner"]: place["runs"] for place in json.loads(again.stdout)} == {
        "one worker a stage": 2,
        "DS2-style control": 1,
    }
    report = json.loads((settings.reports_dir / settings.dataset / "tuner.json").read_text())
    assert len(report["live"]["object-store, 1 cores, then 1"]) == 2
    assert (folder / "contest-object-store-1-1.jsonl").read_text().count("\n") == 3
    assert wrong.exit_code == 2
    assert "takes two numbers" in wrong.output


@two_cores
def test_tuners_are_replayed_on_what_was_measured(recsys: Recsys) -> None:
    shown = recsys("tuner", "replay", "--tuners", "one,ds2,known", "--seeds", 2, "--cores", "2,1")

    assert shown.exit_code == 0, shown.output
    assert "Replayed: object-store, 2 cores, then 1; 2 seeds" in shown.output
    assert "known beforehand" in shown.output
