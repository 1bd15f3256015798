"""Commands about data that was put aside or lost, without a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recsys_assets.cli import app
from recsys_assets.quality import validate
from recsys_assets.quality.store import record
from recsys_assets.settings import Settings
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.snapshot import publish_quarantine
from recsys_assets.warehouse.tables import RATINGS
from recsys_assets_tests.warehouse.files import movies_file, ratings_file
from recsys_assets_tests.warehouse.filling import by_table, filled

Recsys = Callable[..., Result]


@pytest.fixture
def recsys(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Recsys:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(settings.models_dir))
    monkeypatch.setenv("RECSYS_DATASET", "synthetic")
    return lambda *command: CliRunner().invoke(app, command)


@pytest.fixture
def ingested(settings: Settings, tmp_path: Path) -> None:
    rows = [*(f"{user},1,4,1000000000" for user in range(1, 30)), "30,1,[red]11,1000000000", "torn"]
    with Warehouse.of(settings).connect() as con:
        filled(con, by_table(movies_file(tmp_path, "1,Heat (1995),Crime"), ratings_file(tmp_path, *rows)))
        publish_quarantine(con, Lake(settings.lake_dir))
        record(settings, validate(con, RATINGS), run_id="first")


def test_before_an_ingest_each_command_says_what_to_run(recsys: Recsys) -> None:
    for command in (("quarantine", "show"), ("quality", "open", "--no-browser"), ("quality", "build")):
        result = recsys(*command)
        assert result.exit_code == 3, result.output
        assert "recsys materialize" in result.output


@pytest.mark.usefixtures("ingested")
def test_show_counts_and_lists_rows_with_their_reason(recsys: Recsys) -> None:
    shown = recsys("quarantine", "show").output
    assert "rating_not_a_number" in shown
    assert "[red]11" in shown
    rows = json.loads(recsys("quarantine", "show", "--table", "ratings", "--json").output)
    assert [(row["rule"], row["source_line"]) for row in rows] == [("rating_not_a_number", 31)]
    assert "no row is in quarantine of ratings for duplicate" in recsys(
        "quarantine", "show", "-t", "ratings", "-r", "duplicate"
    ).output.replace("\n", " ")


@pytest.mark.usefixtures("ingested")
def test_export_writes_a_file_and_wrong_use_is_refused(recsys: Recsys, tmp_path: Path) -> None:
    target = tmp_path / "rows.csv"
    assert recsys("quarantine", "export", str(target)).exit_code == 0
    assert len(target.read_text().splitlines()) == 3
    for command in (
        ("quarantine", "export", str(tmp_path / "rows.xls")),
        ("quarantine", "show", "--table", "nothing"),
        ("quarantine", "release", "--from", str(tmp_path / "missing.csv")),
        ("drop", str(tmp_path / "missing")),
    ):
        result = recsys(*command)
        assert result.exit_code == 2, f"{command}: {result.output}"
        assert "Traceback" not in result.output


@pytest.mark.usefixtures("ingested")
def test_the_site_is_written_and_an_unknown_page_is_named(recsys: Recsys, settings: Settings) -> None:
    built = recsys("quality", "build")
    assert Path(built.output.strip()) == settings.quality_dir / "index.html"
    assert recsys("quality", "open", "ratings", "--no-browser").output.strip().endswith("ratings.html")
    assert recsys("quality", "open", "rating", "--no-browser").exit_code == 3


@pytest.mark.usefixtures("ingested")
def test_only_a_loss_of_rows_can_be_accepted(recsys: Recsys) -> None:
    result = recsys("quality", "accept", "ratings")
    assert result.exit_code == 1
    assert "only a loss of rows can be accepted" in result.output.replace("\n", " ")
