"""A training killed while it registers: its retry completes it with what the retry has trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recsys_assets.recommenders import load_model
from recsys_assets.registry import Registry, RunRecord

Record = Callable[..., RunRecord]


class KilledError(BaseException):
    """Stands for the end of the process: nothing catches it."""


def _killed(*_: Any, **__: Any) -> None:
    raise KilledError


def _runs(registry: Registry) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(registry.settings.mlflow_uri, registry.settings.mlflow_uri)
    return list(client.search_runs([e.experiment_id for e in client.search_experiments()]))


@pytest.mark.parametrize(
    "step",
    [
        "mlflow.MlflowClient.log_batch",
        "mlflow.MlflowClient.log_artifacts",
        "mlflow.pyfunc.log_model",
        "mlflow.MlflowClient.create_model_version",
    ],
)
def test_a_retry_completes_the_killed_run_with_its_own_facts(
    registry: Registry, record: Record, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    assert registry.versions_of_all() == []
    with monkeypatch.context() as patch:
        patch.setattr(step, _killed)
        with pytest.raises(KilledError):
            registry.record(record("run", 1, ratings_version="stale", ndcg=0.9))
    assert len(_runs(registry)) == 1
    assert registry.versions("popularity") == []
    version = registry.record(record("run", 2, ratings_version="fresh", ndcg=0.1))
    assert (version.version, version.aliases) == (1, ("challenger",))
    assert version.tags["ratings_version"] == "fresh"
    assert version.metrics == {"temporal_validation_ndcg_at_10": 0.1}
    for part in ("holdout", "serving"):
        assert load_model(registry.artifact("popularity", 1, part=part)).recommend([999], 1).movies.tolist() == [[2]]
    assert [(run.info.run_id, run.info.status) for run in _runs(registry)] == [(version.run_id, "FINISHED")]
    assert version.content == registry.record(record("other", 2, ratings_version="fresh")).content
