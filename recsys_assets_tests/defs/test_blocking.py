"""Bad data stops where it is found: what is downstream of a critical check does not run, and nothing is published."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import dagster as dg
import pytest

from recsys_assets.definitions import defs
from recsys_assets.quality.gate import UnsoundError, require_sound
from recsys_assets.quality.store import accept_volume, runs, stored_report
from recsys_assets.settings import load_settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.tables import RATINGS as RATINGS_TABLE

RATINGS = 200


def _drop(folder: Path, *, bad: int = 0, rows: int = RATINGS, stars: float = 4.0) -> None:
    """A MovieLens archive that a user put into `data/raw/`, `bad` of its ratings out of range."""
    target = folder / "raw" / "ml-latest-small" / "ml-latest-small.zip"
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir(parents=True)
    ratings = [
        f"{n % 20 + 1},{n // 20 + 1},{11.0 if n < bad else stars - n % 2},{1_000_000_000 + n}" for n in range(rows)
    ]
    members = {
        "ratings.csv": ["userId,movieId,rating,timestamp", *ratings],
        "movies.csv": ["movieId,title,genres", *(f"{n},Movie {n} (1999),Drama" for n in range(1, 11))],
        "links.csv": ["movieId,imdbId,tmdbId", "1,0114709,862"],
        "tags.csv": ["userId,movieId,tag,timestamp", "1,1,fun,1000000000"],
    }
    with zipfile.ZipFile(target, "w") as archive:
        for name, lines in members.items():
            archive.writestr(f"ml-latest-small/{name}", "\n".join(lines) + "\n")


def _refresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **drop: float
) -> tuple[dg.ExecuteInProcessResult, dict[str, dg.AssetCheckEvaluation]]:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RECSYS_DATASET", "ml-latest-small")
    monkeypatch.delenv("RECSYS_DATA_MIRROR", raising=False)
    _drop(tmp_path, **drop)  # type: ignore[arg-type]
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs().resolve_job_def("refresh_data")
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    checks = {f"{c.asset_key.to_user_string()}.{c.check_name}": c for c in result.get_asset_check_evaluations()}
    return result, checks


@pytest.mark.filterwarnings("ignore")
def test_good_data_is_published_and_a_few_bad_rows_are_put_aside(tmp_path: Path, monkeypatch) -> None:
    result, checks = _refresh(tmp_path, monkeypatch, bad=3)
    assert result.success
    assert all(c.passed for c in checks.values())
    lake = Lake(tmp_path / "lake" / "ml-latest-small")
    assert len(lake.read("ratings")) == RATINGS - 3
    quarantined = lake.read("quarantine")
    assert quarantined["rule"].to_list() == ["rating_range"] * 3
    assert "rating 11.0 is outside 0.5-5.0" in quarantined["reason"][0]
    assert quarantined["source_line"].to_list() == [2, 3, 4]


@pytest.mark.filterwarnings("ignore")
def test_mostly_bad_data_fails_its_check_and_nothing_is_published(tmp_path: Path, monkeypatch) -> None:
    result, checks = _refresh(tmp_path, monkeypatch, bad=50)
    assert not result.success
    assert [name for name, c in checks.items() if not c.passed] == ["ratings.quarantined_share"]
    done = {e.asset_key.to_user_string() for e in result.get_asset_materialization_events() if e.asset_key}
    assert "ratings" in done
    assert not {"data_snapshot", "splits"} & done
    published = (tmp_path / "lake" / "ml-latest-small").iterdir()
    assert {table.name for table in published} <= {"quarantine"}  # what was put aside can be looked at


@pytest.mark.filterwarnings("ignore")
def test_ratings_that_are_mostly_gone_are_not_published_until_that_is_accepted(tmp_path: Path, monkeypatch) -> None:
    assert _refresh(tmp_path, monkeypatch)[0].success
    settings = load_settings()
    require_sound(settings, [RATINGS_TABLE])
    version = Lake(settings.lake_dir).snapshot("ratings").version
    result, checks = _refresh(tmp_path, monkeypatch, rows=RATINGS // 4)
    assert not result.success
    assert not checks["ratings.rows_have_not_collapsed"].passed
    assert checks["ratings.rows_have_not_collapsed"].blocking
    assert Lake(settings.lake_dir).snapshot("ratings").version == version
    with pytest.raises(UnsoundError, match="`ratings` broke `rows_have_not_collapsed`"):
        require_sound(settings, [RATINGS_TABLE])
    accept_volume(settings, "ratings")
    assert _refresh(tmp_path, monkeypatch, rows=RATINGS // 4)[0].success
    require_sound(settings, [RATINGS_TABLE])
    assert Lake(settings.lake_dir).snapshot("ratings").rows == RATINGS // 4


@pytest.mark.filterwarnings("ignore")
def test_ratings_that_drifted_warn_and_are_published(tmp_path: Path, monkeypatch) -> None:
    first, _ = _refresh(tmp_path, monkeypatch)
    result, checks = _refresh(tmp_path, monkeypatch, stars=2.0)
    assert result.success
    assert [name for name, c in checks.items() if not c.passed] == ["ratings.stars_has_not_drifted"]
    drifted = checks["ratings.stars_has_not_drifted"]
    assert drifted.severity == dg.AssetCheckSeverity.WARN
    assert drifted.metadata["observed"].value > 0.1
    assert drifted.metadata["expected"].value == "at most 0.1"
    settings = load_settings()
    assert drifted.metadata["site"].value == str(settings.quality_dir / "ml-latest-small" / "ratings.html")
    stored = stored_report(settings, result.run_id, "ratings")
    stars = next(d for d in stored.distributions if d.name == "stars")
    assert stars.labels == ("1", "2", "3", "4")
    assert stars.counts == (RATINGS // 2, RATINGS // 2, 0, 0)
    assert stars.reference == (0, 0, RATINGS // 2, RATINGS // 2)
    assert stars.reference_run == first.run_id
    assert [run.run_id for run in runs(settings)] == [result.run_id, first.run_id]
    assert {"raw_ratings", "movies", "ratings", "catalogue"} <= set(runs(settings)[0].reports)
