from __future__ import annotations

from pathlib import Path

import pytest

from recsys_assets.settings import Settings
from recsys_assets.sources import SourceError, SyntheticConfig, own, prepare
from recsys_assets.sources.corrections import add_corrections, corrections, corrections_path
from recsys_assets.sources.drops import add_drop, drops_dir
from recsys_assets.sources.files import Correction
from recsys_assets_tests.sources.own_files import SHOP_MAPPING, shop

SMALL = SyntheticConfig(n_users=30, n_movies=40, n_ratings=200)
HEADER = "userId,movieId,rating,timestamp\n"


def drop_of(folder: Path, text: str, name: str = "ratings.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder


def test_a_drop_adds_its_files_behind_the_published_ones(settings: Settings, tmp_path: Path) -> None:
    published = prepare(settings, synthetic_config=SMALL)
    add_drop(published, drop_of(tmp_path / "b", HEADER + "1,1,5,1500000000\n"), settings, name="b")
    add_drop(published, tmp_path / "b" / "ratings.csv", settings, name="a")
    found = prepare(settings, synthetic_config=SMALL).of_table("raw_ratings")
    assert [f.source for f in found] == ["ratings.csv", "drops/a/ratings.csv", "drops/b/ratings.csv"]
    assert len({f.columns for f in found}) == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("news.csv", HEADER, "x holds news.csv; a drop of synthetic holds some of"),
        ("ratings.csv", "user,movie\n1,1\n", "x/ratings.csv line 1: columns are user, movie; expected userId"),
    ],
)
def test_a_drop_of_something_else_is_refused_and_nothing_is_copied(
    settings: Settings, tmp_path: Path, name: str, text: str, message: str
) -> None:
    published = prepare(settings, synthetic_config=SMALL)
    with pytest.raises(SourceError) as error:
        add_drop(published, drop_of(tmp_path / "x", text, name), settings, name="x")
    assert str(error.value).startswith(str(tmp_path))
    assert message in str(error.value)
    assert list(drops_dir(settings).glob("*")) == []


def test_files_of_ones_own_are_added_to_where_they_are(settings: Settings, tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    own.save("shop", folder, SHOP_MAPPING, settings)
    mine = settings.model_copy(update={"dataset": "shop"})
    with pytest.raises(SourceError, match="shop is read from a folder of your own: put the newer files there"):
        add_drop(prepare(mine), folder / "products.csv", mine, name="new")
    assert list(drops_dir(mine).glob("*")) == []


@pytest.mark.parametrize("name", ["../x", ".x", "a/b", ""])
def test_a_drop_stays_in_its_folder(settings: Settings, tmp_path: Path, name: str) -> None:
    published = prepare(settings, synthetic_config=SMALL)
    with pytest.raises(SourceError):
        add_drop(published, drop_of(tmp_path / "x", HEADER), settings, name=name)
    assert not (settings.raw_dir / "x").exists()


def test_a_drop_is_not_replaced(settings: Settings, tmp_path: Path) -> None:
    published = prepare(settings, synthetic_config=SMALL)
    add_drop(published, drop_of(tmp_path / "x", HEADER), settings, name="x")
    with pytest.raises(SourceError, match="is there already"):
        add_drop(published, tmp_path / "x", settings, name="x")


def test_corrections_are_kept_in_order_and_come_with_the_data_set(settings: Settings) -> None:
    first = Correction("raw_ratings", "ratings.csv", 2, {"rating": "4", "user_id": None})
    second = Correction("raw_ratings", "ratings.csv", 2, {"rating": 'é"\n'})
    assert add_corrections(settings, [first]) == 1
    assert add_corrections(settings, [second]) == 1
    assert corrections(settings) == (first, second)
    assert prepare(settings, synthetic_config=SMALL).corrections == (first, second)


def test_a_damaged_line_of_corrections_is_named(settings: Settings) -> None:
    add_corrections(settings, [Correction("raw_ratings", "ratings.csv", 2, {"rating": "4"})])
    with corrections_path(settings).open("a") as file:
        file.write('{"table": 1')
    with pytest.raises(SourceError, match=r"corrections\.ndjson line 2: .*Correct or delete the line"):
        corrections(settings)
