from __future__ import annotations

import os
from pathlib import Path

import pytest

from recsys_assets.settings import Settings
from recsys_assets.sources import DATASETS, SourceError, own, prepare
from recsys_assets.sources.datasets import known_datasets
from recsys_assets.sources.inventory import inventory
from recsys_assets_tests.sources.own_files import ORDERS, PRODUCTS, SHOP_MAPPING, shop


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shop(tmp_path / "My Shop")


@pytest.fixture
def registered(settings: Settings, folder: Path) -> Settings:
    own.save("my-shop", folder, SHOP_MAPPING, settings)
    return settings.model_copy(update={"dataset": "my-shop"})


def test_a_registered_data_set_is_prepared_like_any_other(registered: Settings, folder: Path) -> None:
    files = prepare(registered)
    assert files.dataset == "my-shop"
    assert [f.path for f in files.of_table("raw_ratings")] == [folder / "orders" / name for name in ORDERS]
    assert [f.table for f in files.files] == ["raw_ratings", "raw_ratings", "raw_movies", "raw_imdb_movies"]


def test_it_is_listed_with_its_folder_its_licence_and_its_size(registered: Settings, folder: Path) -> None:
    status = {s.dataset.name: s for s in inventory(registered)}["my-shop"]
    assert (status.dataset.title, status.dataset.licence) == ("Corner shop", "ours")
    assert status.origin == f"your files in {folder}"
    assert status.bytes_on_disk == sum(len(text) for text in ORDERS.values()) + len(PRODUCTS.encode("latin-1"))
    assert [name for name in known_datasets(registered) if name not in DATASETS] == ["my-shop"]


def test_new_changed_and_deleted_files_are_seen_the_next_time(registered: Settings, folder: Path) -> None:
    (folder / "orders" / "2024-03.tsv").write_text("customer\tproduct\twhen\tscore\n")
    (folder / "orders" / "2024-01.tsv").unlink()
    assert [f.name for f in prepare(registered).of_table("raw_ratings")] == ["orders/2024-02.tsv", "orders/2024-03.tsv"]
    (folder / "products.csv").write_text("id;title\n")
    with pytest.raises(SourceError, match=r"columns.movie_id = 'sku': .*products.csv has no such column"):
        prepare(registered)


def test_a_registration_may_be_edited_and_given_again(registered: Settings, folder: Path) -> None:
    path = registered.raw_dir / "my-shop" / "mapping.toml"
    assert own.without_folder(path.read_text()) == SHOP_MAPPING
    path.write_text(path.read_text().replace("Corner shop", "Shop at the corner"))
    assert own.registered("my-shop", registered).title == "Shop at the corner"
    assert own.registered("my-shop", registered).folder == folder
    own.save("my-shop", folder, own.without_folder(path.read_text()), registered)
    assert path.read_text().count("folder = ") == 1


def test_a_spoiled_registration_is_listed_as_such_and_hides_no_other(registered: Settings) -> None:
    (registered.raw_dir / "my-shop" / "mapping.toml").write_text("[ratings")
    status = {s.dataset.name: s for s in inventory(registered)}
    assert "can't be used" in status["my-shop"].dataset.description
    assert set(DATASETS) < set(status)
    with pytest.raises(SourceError, match=r"mapping\.toml is not TOML"):
        prepare(registered)


@pytest.mark.parametrize(
    "name",
    ["../x", "", ".", "..", "a/b", "a\\b", "A", "ü", "-a", "a b", "a" * 64, "con:", "x\n", "main", "ml-1m", "imdb"],
)
def test_a_name_that_is_hostile_or_taken_is_refused(name: str, settings: Settings, folder: Path) -> None:
    with pytest.raises(own.MappingError, match="--name"):
        own.check_name(name, folder, settings, taken=DATASETS)
    assert not own.is_registered(name, settings)


def test_a_name_belongs_to_the_folder_that_has_it(registered: Settings, folder: Path, tmp_path: Path) -> None:
    own.check_name("my-shop", folder, registered, taken=DATASETS)
    with pytest.raises(own.MappingError, match=r"taken by the data in .*My Shop"):
        own.check_name("my-shop", tmp_path, registered, taken=DATASETS)
    (registered.raw_dir / "other").mkdir()
    (registered.raw_dir / "other" / "file.zip").write_bytes(b"x")
    with pytest.raises(own.MappingError, match="holds files of something else"):
        own.check_name("other", tmp_path, registered, taken=DATASETS)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("My Shop", "my-shop"), ("2024", "2024"), ("__Ölfilme__", "lfilme"), ("..", ""), ("a" * 99, "a" * 63)],
)
def test_the_folder_suggests_the_name(folder: str, name: str) -> None:
    assert own.suggested_name(Path("/data") / folder) == name


def test_a_failed_registration_leaves_the_former(
    registered: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        own.save("my-shop", folder, "title = 'half", registered)
    monkeypatch.undo()
    assert own.registered("my-shop", registered).title == "Corner shop"
