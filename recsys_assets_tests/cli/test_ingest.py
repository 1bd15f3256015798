"""What `recsys ingest` refuses, shows and guesses; the runs themselves are in `e2e/`."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys_assets.settings import load_settings
from recsys_assets.sources import own
from recsys_assets_tests.cli.conftest import Recsys
from recsys_assets_tests.sources.own_files import SHOP_MAPPING, shop


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shop(tmp_path / "My Shop")


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(SHOP_MAPPING, encoding="utf-8")
    return path


def test_a_dry_run_shows_what_is_understood_and_registers_nothing(
    recsys: Recsys, folder: Path, mapping: Path, tmp_path: Path
) -> None:
    shown = recsys("ingest", folder, "--map", mapping, "--dry-run")
    assert shown.exit_code == 0, shown.output
    for part in ("raw_ratings ← orders/2024-01.tsv and 1 more", "customer (ids text)", "scale", "SKU-1", "Café (1999)"):
        assert part in shown.stdout
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "said"), [("readme.md", "holds no CSV, TSV or parquet file"), ("title.basics.tsv.gz", "Copy them to ")]
)
def test_a_folder_that_can_be_no_data_set_gets_no_mapping(name: str, said: str, recsys: Recsys, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / name).touch()
    refused = recsys("ingest", tmp_path / "files")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert said in refused.stderr


def test_a_folder_that_nobody_described_gives_a_mapping_to_mend(recsys: Recsys, folder: Path) -> None:
    shown = recsys("ingest", folder)
    assert shown.exit_code == 2
    assert own.read_mapping(shown.stdout, where="guess").tables["movies"].delimiter == ";"
    assert "save it as mapping.toml" in shown.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("nowhere",), "nowhere is not there; name the folder"),
        (("{mapping}",), "is a file; name the folder"),
        (("{folder}", "--map", "missing.toml"), "missing.toml can't be read"),
        (("{folder}", "--map", "{folder}/products.csv"), "can't be read"),
        (("{folder}", "--map", "{mapping}", "--name", "../x"), "'../x' can't name a data set"),
        (("{folder}", "--map", "{mapping}", "--name", "ml-100k"), "'ml-100k' is taken"),
        (("{folder}", "--map", "{mapping}", "--name", ""), "'' can't name a data set"),
    ],
)
def test_a_wrong_call_is_answered_with_the_remedy(
    command: tuple[str, ...], said: str, recsys: Recsys, folder: Path, mapping: Path, tmp_path: Path
) -> None:
    refused = recsys("ingest", *(part.format(folder=folder, mapping=mapping) for part in command))
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("[ratings]", "[ratings", "mapping.toml is not TOML"),
        ("[ratings]", "[rating]", "there is no key 'rating'; did you mean 'ratings'?"),
        ('"customer"', '"custmer"', "[ratings] columns.user_id = 'custmer'"),
        ("orders/*.tsv", "orders/*.csv", "[ratings] file = 'orders/*.csv' is not in"),
    ],
)
def test_a_wrong_mapping_is_answered_with_its_key(
    was: str, becomes: str, said: str, recsys: Recsys, folder: Path, mapping: Path, tmp_path: Path
) -> None:
    mapping.write_text(SHOP_MAPPING.replace(was, becomes), encoding="utf-8")
    refused = recsys("ingest", folder, "--map", mapping)
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert not (tmp_path / "data").exists()


def test_a_registered_folder_needs_no_mapping_again_and_is_a_data_set_of_all_commands(
    recsys: Recsys, folder: Path, tmp_path: Path
) -> None:
    own.save("my-shop", folder, SHOP_MAPPING, load_settings(data_dir=tmp_path / "data"))
    assert recsys("ingest", folder, "--dry-run").exit_code == 0
    assert '"my-shop"' in recsys("datasets", "--json").stdout
    asked = recsys("leaderboard", "--dataset", "my-shop")
    assert asked.exit_code == 3
    assert "recsys materialize --dataset my-shop" in asked.stderr
    assert "my-shop" in recsys("leaderboard", "--dataset", "my-shp").stderr
