from __future__ import annotations

from pathlib import Path

import pytest

from recsys_assets_tests.cli.conftest import Recsys


def test_a_drop_of_the_size_asked_for_is_written_and_can_be_ingested(recsys: Recsys, tmp_path: Path) -> None:
    written = recsys("generate", tmp_path / "out", "--layout", "ml-1m", "--ratings", 3_000, "--dirty-rows", 2)
    assert written.exit_code == 0, written.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["movies.dat", "ratings.dat", "users.dat"]
    assert len((tmp_path / "out" / "ratings.dat").read_bytes().splitlines()) == 3_002
    assert "3,000 ratings by" in written.stderr
    assert f"recsys ingest {tmp_path / 'out'}" in written.stdout
    understood = recsys("ingest", tmp_path / "out", "--dry-run")
    assert understood.exit_code == 0, understood.output
    assert "raw_ratings ← ratings.dat" in understood.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--layout", "ml-2m"), "there is no layout 'ml-2m'; there are ml-latest,"),
        (("--layout", "imdb-official", "--ratings", "10"), "imdb-official has no ratings by user"),
        (("--layout", "ml-1m", "--ratings", "900", "--users", "10", "--movies", "100"), "ask for more users or movies"),
        (("--layout", "ml-1m", "--movies", "5"), "--movies: Input should be greater than or equal to 20"),
        (("--layout", "ml-1m", "--ratings", "0"), "--ratings"),
    ],
)
def test_what_can_not_be_generated_is_refused_with_the_reason(
    options: tuple[str, ...], said: str, recsys: Recsys, tmp_path: Path
) -> None:
    refused = recsys("generate", tmp_path / "out", *options)
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert not (tmp_path / "out").exists()


def test_tables_of_imdb_are_to_be_copied_where_they_are_looked_for(recsys: Recsys, tmp_path: Path) -> None:
    written = recsys("generate", tmp_path / "out", "--layout", "imdb-official", "--movies", 20)
    assert written.exit_code == 0, written.output
    assert f"copy the files to {tmp_path / 'data' / 'raw' / 'imdb'}" in written.stdout


def test_a_folder_with_files_is_not_written_to(recsys: Recsys, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    refused = recsys("generate", tmp_path, "--layout", "ml-1m", "--ratings", 100)
    assert refused.exit_code == 2
    assert "is not an empty folder" in refused.stderr
