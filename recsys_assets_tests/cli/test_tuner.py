"""`recsys tuner`: figures only where the model passed, and one line where something is missing or wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from recsys_assets.settings import load_settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.agents.conftest import small_world
from recsys_assets_tests.cli.conftest import Recsys

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
