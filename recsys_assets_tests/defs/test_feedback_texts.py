"""The asset `feedback_texts`: what was said reaches lake, metadata and checks, and the command that tells of it."""

from __future__ import annotations

import json
import warnings

import dagster as dg
import pytest
from typer.testing import CliRunner

from recsys_assets.cli import app
from recsys_assets.defs.feedback_texts import feedback_texts, feedback_texts_expectations
from recsys_assets.defs.resources import Deployment
from recsys_assets.feedback.preferences import inferred_preferences
from recsys_assets.feedback.store import Folders, ingest_batches, publish_feedback
from recsys_assets.settings import Settings
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.lake import Lake

HOSTILE = "[red]great[/red] <script>alert(1)</script> \u202e\x1b[31m ![x](http://evil) loved the plot"


def event(name: str, action: str, **other: object) -> str:
    given = {"event_id": name, "user_id": 1, "movie_id": len(name), "action": action}
    return json.dumps(given | {"timestamp": "2026-11-25T10:00:00Z"} | other) + "\n"


def test_texts_are_read_checked_published_and_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(settings.models_dir))
    folders = Folders.of(settings)
    folders.inbox.mkdir(parents=True)
    lines = [
        event("a", "rating", rating=5.0, text="boring, hated it"),
        event("bb", "watch", text="loved the twist, too long"),
        event("ccc", "click", text=HOSTILE),
    ]
    (folders.inbox / "b1.ndjson").write_text("".join(lines))
    with Warehouse.of(settings).connect() as con:
        con.execute("CREATE TABLE movies AS SELECT unnest(range(1, 50)) AS movie_id")
        ingest_batches(con, folders, ["b1"])
        publish_feedback(con, Lake(settings.lake_dir))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = dg.materialize(
            [feedback_texts, feedback_texts_expectations],
            resources={"deployment": Deployment(dataset=settings.dataset)},
            selection=["feedback_texts"],
        )
    assert result.success
    told = result.asset_materializations_for_node("feedback_texts")[0].metadata
    assert (told["dagster/row_count"].value, told["conflicts"].value) == (3, 1)
    assert "evil" not in str(told)
    lake = Lake(settings.lake_dir)
    found = inferred_preferences(lake.read("feedback"), lake.read("feedback_texts"))
    assert dict(found.select("event_id", "source").iter_rows()) == {"a": "rating", "bb": "text", "ccc": "text"}
    said = CliRunner().invoke(app, ["feedback", "status", "--dataset", settings.dataset]).output
    assert "event a: its text says the opposite" in said
