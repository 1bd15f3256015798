"""The agents in the graph: what they stand on, and the check of the people they are trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from recsys_assets.agents.evaluation import publish
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.simulators import validation
from recsys_assets.definitions import defs
from recsys_assets.defs.agents import LIKE_HELD_OUT_USERS
from recsys_assets.recommenders import MODELS, build
from recsys_assets.registry.upstream import MadeWithOthers
from recsys_assets.settings import load_settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.agents.conftest import small_world


def test_a_model_that_is_made_with_others_follows_them_in_the_graph() -> None:
    """What the config takes as published, the asset waits for; of the agent that is a sequence model."""
    graph = defs().resolve_asset_graph()
    made_with = {}
    for model in MODELS:
        config = build(model).config
        if isinstance(config, MadeWithOthers):
            made_with[model] = set(config.made_with())
            parents = {key.to_user_string() for key in graph.get(dg.AssetKey(model)).parent_keys}
            assert made_with[model] <= parents, model
    assert made_with["dqn_agent"] == {"gru4rec"}
    parents = {key.to_user_string() for key in graph.get(dg.AssetKey("dqn_agent")).parent_keys}
    assert {"user_simulator", "data_snapshot", "splits"} <= parents


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("better_by", [validation.BETTER_BY, 0.99])
def test_the_simulator_is_made_once_and_its_check_stops_what_follows(
    better_by: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a bar that no simulator passes."""
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RECSYS_DATASET", "synthetic")
    interactions, catalogue = small_world()
    lake = Lake(load_settings().lake_dir)
    lake.publish_frame(interactions, "ratings", upstream={})
    lake.publish_frame(catalogue, "catalogue", upstream={})
    made, whole = [], publish.deployed_setting

    def counted(*args: Any, **kwargs: Any) -> AgentSetting:
        made.append(args)
        return whole(*args, **kwargs)

    monkeypatch.setattr(publish, "deployed_setting", counted)
    monkeypatch.setattr(validation, "BETTER_BY", better_by)
    monkeypatch.setattr(validation, "CALIBRATED", 1.0)  # sixty movies and thirty people say little of shares
    with dg.DagsterInstance.ephemeral() as instance:
        done = (
            defs()
            .resolve_implicit_global_asset_job_def()
            .execute_in_process(
                instance=instance, asset_selection=[dg.AssetKey("user_simulator")], raise_on_error=False
            )
        )
    (check,) = done.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == (LIKE_HELD_OUT_USERS.name, better_by < 0.5)
    assert done.success == check.passed
    assert len(made) == 1
    assert LIKE_HELD_OUT_USERS.blocking
