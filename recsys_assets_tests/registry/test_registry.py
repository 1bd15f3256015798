"""Versions: recorded once, found again, loadable without a pickle, whoever comes first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recsys_assets.recommenders import load_model
from recsys_assets.registry import NotRegisteredError, Registry, RegistryError, RunRecord
from recsys_assets.settings import PROJECT_ROOT, Settings

Record = Callable[..., RunRecord]


def test_a_recorded_training_is_the_challenger_with_its_facts(registry: Registry, record: Record) -> None:
    version = registry.record(record(ndcg=0.25))
    assert (version.model, version.version, version.aliases) == ("popularity", 1, ("challenger",))
    assert version.metrics == {"temporal_validation_ndcg_at_10": 0.25}
    assert version.tags["ratings_version"] == "r1"
    assert version.tags["code_version"]
    assert registry.document(version, "evaluation.json") == "{}"
    assert registry.versions_of_all() == [version]


def test_a_retry_of_the_same_run_registers_no_second_version(registry: Registry, record: Record) -> None:
    first, again = registry.record(record("run-1")), registry.record(record("run-1"))
    assert (again.version, again.run_id) == (first.version, first.run_id)
    assert registry.record(record("run-2")).version == 2


def test_the_challenger_alias_moves_to_the_newest(registry: Registry, record: Record) -> None:
    for run in ("a", "b"):
        registry.record(record(run))
    assert [(v.version, v.aliases) for v in registry.versions("popularity")] == [(2, ("challenger",)), (1, ())]


def test_equal_refits_have_equal_content_and_others_not(registry: Registry, record: Record) -> None:
    a, b, c = (registry.record(record(*x)) for x in (("a", 1), ("b", 1), ("c", 2)))
    assert a.content == b.content != c.content


def test_both_exports_come_back_as_they_went(registry: Registry, record: Record) -> None:
    registry.record(record(favourite=3))
    for part in ("holdout", "serving"):
        model = load_model(registry.artifact("popularity", "challenger", part=part))
        assert model.recommend([999], 1).movies.tolist() == [[3]]


def test_unknown_names_say_what_there_is(registry: Registry, record: Record) -> None:
    with pytest.raises(NotRegisteredError, match="recsys materialize"):
        registry.version("popularity", "champion")
    registry.record(record())
    with pytest.raises(RegistryError, match=r"no version 7 .*versions are 1"):
        registry.version("popularity", 7)


def test_data_sets_do_not_see_each_others_models(settings: Settings, record: Record) -> None:
    Registry(settings).record(record())
    assert Registry(settings.model_copy(update={"dataset": "ml-100k"})).versions_of_all() == []


@pytest.mark.filterwarnings("ignore")
def test_mlflow_loads_a_version_from_code(registry: Registry, record: Record) -> None:
    import mlflow

    registry.record(record(favourite=2))
    mlflow.set_tracking_uri(registry.settings.mlflow_uri)
    mlflow.set_registry_uri(registry.settings.mlflow_uri)
    served = mlflow.pyfunc.load_model("models:/synthetic.popularity@challenger")
    assert [row[0] for row in served.predict([12345, 1])] == [2, -1]
    assert served.metadata.signature.inputs is not None
    assert list(registry.settings.models_dir.rglob("*.pkl")) == []


def test_four_processes_may_touch_a_new_store_at_once(untouched: Settings) -> None:
    code = "from recsys_assets.settings import load_settings; from recsys_assets.registry import Registry; import sys; "
    code += "s = load_settings(data_dir=sys.argv[1], models_dir=sys.argv[2], dataset='synthetic'); "
    code += "assert Registry(s).versions_of_all() == []"
    command = [sys.executable, "-W", "ignore", "-c", code, str(untouched.data_dir), str(untouched.models_dir)]
    started = [subprocess.Popen(command, cwd=PROJECT_ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    ended = [(p.communicate(timeout=120)[1], p.returncode) for p in started]
    assert [code for _, code in ended] == [0] * 4, ended
    assert Path(untouched.models_dir / "mlflow.db").exists()
