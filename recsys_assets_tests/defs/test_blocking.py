"""Bad data stops where it is found: what is downstream of a critical check does not run, and nothing is published."""

from __future__ import annotations

import zipfile
from pathlib import Path

import dagster as dg
import pytest

from recsys_assets.definitions import defs
from recsys_assets.warehouse.lake import Lake

RATINGS = 200


def _drop(folder: Path, *, bad: int) -> None:
    """A MovieLens archive that a user put into `data/raw/`, `bad` of its ratings out of range."""
    target = folder / "raw" / "ml-latest-small" / "ml-latest-small.zip"
    target.parent.mkdir(parents=True)
    rows = [f"{n % 20 + 1},{n // 20 + 1},{11.0 if n < bad else 4.0},{1_000_000_000 + n}" for n in range(RATINGS)]
    members = {
        "ratings.csv": ["userId,movieId,rating,timestamp", *rows],
        "movies.csv": ["movieId,title,genres", *(f"{n},Movie {n} (1999),Drama" for n in range(1, 11))],
        "links.csv": ["movieId,imdbId,tmdbId", "1,0114709,862"],
        "tags.csv": ["userId,movieId,tag,timestamp", "1,1,fun,1000000000"],
    }
    with zipfile.ZipFile(target, "w") as archive:
        for name, lines in members.items():
            archive.writestr(f"ml-latest-small/{name}", "\n".join(lines) + "\n")


def _refresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, bad: int
) -> tuple[dg.ExecuteInProcessResult, dict[str, dg.AssetCheckEvaluation]]:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RECSYS_DATASET", "ml-latest-small")
    monkeypatch.delenv("RECSYS_DATA_MIRROR", raising=False)
    _drop(tmp_path, bad=bad)
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
    assert not (tmp_path / "lake").exists()
