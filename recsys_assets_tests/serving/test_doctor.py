from __future__ import annotations

from recsys_assets.serving.doctor import examine
from recsys_assets.settings import Settings


def test_a_new_deployment_misses_data_but_is_not_broken(settings: Settings) -> None:
    findings = {f.subject: f for f in examine(settings)}
    assert findings["Python"].state == "ok"
    assert findings["synthetic: ratings"].state == "missing"
    assert "recsys materialize --dataset synthetic" in findings["synthetic: ratings"].detail
    assert findings["synthetic: champions"].state == "missing"
    assert "broken" not in {f.state for f in findings.values()}


def test_a_mirror_that_is_no_folder_is_broken(settings: Settings) -> None:
    findings = {f.subject: f for f in examine(settings.model_copy(update={"data_mirror": "/no/such/folder"}))}
    assert findings["data mirror"].state == "broken"
