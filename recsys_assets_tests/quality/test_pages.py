"""The data-quality site: pages of what the runs have recorded."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from recsys_assets.quality import validate
from recsys_assets.quality.pages import TrainedModel, site_index, table_page, write_lineage, write_site
from recsys_assets.quality.pages.svg import Point, histogram, sparkline
from recsys_assets.quality.store import last_reference, record
from recsys_assets.settings import Settings
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.tables import MOVIES, RATINGS, RAW_MOVIES
from recsys_assets_tests.warehouse.files import movies_file, ratings_file
from recsys_assets_tests.warehouse.filling import by_table, filled

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\u202e&amp;\n" + "x" * 500


class Links(HTMLParser):
    """Targets of links, and every tag's name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src") and value]


@pytest.fixture
def con(settings: Settings, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with Warehouse.of(settings).connect() as connection:
        ratings = [f"{user},1,{user % 5 + 1 if user < 40 else 9},1000000000" for user in range(1, 41)]
        filled(connection, by_table(movies_file(tmp_path, "1,Heat (1995),Crime"), ratings_file(tmp_path, *ratings)))
        yield connection


def validated(con: duckdb.DuckDBPyConnection, settings: Settings, day: int) -> None:
    for table in (RAW_MOVIES, MOVIES, RATINGS):
        run = f"run-{day}"
        reference = last_reference(settings, table.name, before_run=run)
        now = NOW + timedelta(days=day)
        record(settings, validate(con, table, reference=reference, now=now), run_id=run, now=now)


def page(settings: Settings, table: str = "ratings") -> str:
    return table_page(settings, table).read_text(encoding="utf-8")


def test_every_link_leads_to_a_page_and_none_to_the_network(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    for day in range(2):
        validated(con, settings, day)
    first = write_site(settings)
    assert first == site_index(settings)
    pages = list(settings.quality_dir.rglob("*.html"))
    assert len(pages) == 1 + 1 + 3 + 2
    for path in pages:
        for link in Links(path.read_text(encoding="utf-8")).links:
            assert "//" not in link, f"{path.name} leaves the folder: {link}"
            assert (path.parent / link).exists() or link.removesuffix(".html") in {"tmdb_movies", "raw_ratings"} | {
                "raw_links"
            }, f"{path.name} names {link}"


def test_what_is_broken_comes_first_with_its_rows(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    validated(con, settings, 0)
    con.execute("UPDATE ratings SET rating = 11 WHERE user_id = 2")
    validated(con, settings, 1)
    write_site(settings)
    html = page(settings)
    assert html.index("Broken") < html.index("What was checked")
    assert re.search(r"<td[^>]*>11\.0</td>", html)
    assert "1 critical broken" in html
    assert "1 critical broken" in site_index(settings).read_text(encoding="utf-8")
    assert "rating_range" in html  # the row in quarantine
    assert "recsys quarantine show --rule rating_range" in html


def test_a_page_shows_the_history_of_each_rule_the_drift_and_the_models(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    for day in range(3):
        validated(con, settings, day)
    model = TrainedModel("svd", 7, ("champion",), "abc123", NOW.isoformat(), {"NDCG@10": 0.25})
    write_lineage(settings, [model])
    write_site(settings)
    html = page(settings)
    rules = len(json.loads((settings.quality_dir / "synthetic/runs/run-2/ratings.json").read_text())["results"])
    assert html.count('class="spark"') >= rules
    assert "last 3 runs" in html
    assert 'class="before"' in html
    assert all(text in html for text in ("svd", "champion", "abc123", "0.2500", "raw_ratings.rating"))


def test_hostile_text_stays_text(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    con.execute("UPDATE movies SET title = ?, year = 1800", [HOSTILE])
    validated(con, settings, 0)
    write_site(settings)
    html = page(settings, "movies")
    assert "script" not in Links(html).tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp; xxx" in html
    assert "\u202e" not in html
    assert "x" * 200 not in html
    assert "default-src 'none'" in html


def test_unchanged_pages_are_not_written_and_pages_of_forgotten_runs_go(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    validated(con, settings, 0)
    write_site(settings)
    old = settings.quality_dir / "synthetic" / "runs" / "gone.html"
    old.write_text("x")
    os.utime(table_page(settings, "ratings"), (1, 1))
    write_site(settings)
    assert table_page(settings, "ratings").stat().st_mtime == 1
    assert not old.exists()
    validated(con, settings, 1)
    write_site(settings)
    assert table_page(settings, "ratings").stat().st_mtime > 1


def test_a_damaged_record_is_named_and_the_rest_is_shown(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    for day in range(2):
        validated(con, settings, day)
    (settings.quality_dir / "synthetic" / "runs" / "run-1" / "movies.json").write_text("{")
    (settings.quality_dir / "synthetic" / "lineage.json").write_text("[{")
    write_site(settings)
    html = (settings.quality_dir / "synthetic" / "index.html").read_text(encoding="utf-8")
    assert "Can't be read, and left out: run run-1, movies" in html
    assert "run-0" in page(settings, "movies")


def test_a_runs_page_says_of_each_table_what_was_checked_in_that_run(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    validated(con, settings, 0)
    con.execute("DELETE FROM ratings WHERE user_id > 5")
    validated(con, settings, 1)
    write_site(settings)
    first, second = (
        (settings.quality_dir / "synthetic" / "runs" / f"run-{day}.html").read_text(encoding="utf-8") for day in (0, 1)
    )
    for html in (first, second):
        assert re.findall(r"<summary>(\w+): \d+ rules", html) == ["raw_movies", "movies", "ratings"]
        assert html.count("rating_in_range") == 1
    assert "-87.2 %" in second
    assert "-87.2 %" not in first


def test_the_run_that_drift_is_measured_against_is_a_link_as_long_as_it_is_kept(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    for day in range(2):
        validated(con, settings, day)
    write_site(settings)
    assert 'href="runs/run-0.html">run run-0' in page(settings)
    shutil.rmtree(settings.quality_dir / "synthetic" / "runs" / "run-0")
    write_site(settings)
    assert "run-0.html" not in page(settings)
    assert "run run-0" in page(settings)


def test_on_a_phone_fewer_names_stand_below_a_chart() -> None:
    drawn = histogram(
        [f"{year}-{month:02}" for year in (2016, 2017) for month in range(1, 13)], [1] * 24, None, title="t"
    )
    names = re.findall(r'<text( class="roomy")? x="[0-9.]+" y="220"', drawn)
    assert (len(names), names.count("")) == (8, 4)
    assert ">4.2%</text>" in drawn


def test_a_broken_run_is_marked_on_its_line() -> None:
    drawn = sparkline([Point("a", 1.0), Point("b", None), Point("c", 3.0, passed=False)], "rule <x>")
    assert drawn.count("<circle") == 1
    assert drawn.count('class="bad"') == 1
    assert "c: 3, broken" in drawn
    assert "rule &lt;x&gt;" in drawn
    assert sparkline([Point("a", None)], "x") == ""


def test_a_histogram_shows_shares_of_both_runs() -> None:
    drawn = histogram(["a", "b"], [1, 3], [5, 5], title="t")
    assert re.findall(r"<title>(.*?)</title>", drawn) == [
        "a: 25.00% now",
        "b: 75.00% now",
        "a: 50.00% before",
        "b: 50.00% before",
    ]
    assert histogram(["a"], [0], None, title="t").count("<rect") == 1
