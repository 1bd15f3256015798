"""The app's pages run by Streamlit's own tester, over an empty deployment and over one of two tastes with an API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from recsys_assets.features.splits import make_splits
from recsys_assets.serving.app import asking, launch
from recsys_assets.settings import Settings, load_settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.serving.api.running import Client, running
from recsys_assets_tests.serving.api.world import CATALOGUE, deployment, export, fitted, ratings

NOWHERE = "http://127.0.0.1:9"
HOSTILE = "<img src=x onerror=alert(1)> [a](javascript:alert(2)) :red[b] $c$ `d`"
SECONDS = 60
Open = Callable[[str], AppTest]


@pytest.fixture(scope="package")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Ratings, catalogue and champions; one title means harm."""
    settings = deployment(tmp_path_factory.mktemp("app"))
    export(settings.champion_dir, fitted("svd"), 1)
    lake, public = Lake(settings.lake_dir), ratings()
    first = lake.publish_frame(public, "ratings", upstream={})
    catalogue = CATALOGUE.with_columns(
        pl.when(pl.col("movie_id") == 1).then(pl.lit(HOSTILE)).otherwise("title").alias("title"),
        overview=pl.lit(None, pl.String),
        keywords=pl.lit([], pl.List(pl.String)),
        cast=pl.lit([], pl.List(pl.String)),
        director=pl.lit(None, pl.String),
        vote_count=pl.lit(None, pl.Int64),
    )
    lake.publish_frame(catalogue, "catalogue", upstream={"ratings": first.version})
    lake.publish_frame(make_splits(public, seed=1), "splits", upstream={"ratings": first.version})
    (settings.lake_dir / "snapshot.json").write_text('{"version": "d1", "tables": {}}')
    return settings


@pytest.fixture(scope="package")
def api(published: Settings) -> Iterator[Client]:
    with running(published) as client:
        yield client


@pytest.fixture
def opened(published: Settings, api: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open a page of the deployment of two tastes."""
    _point_to(published, str(api.base_url), monkeypatch)
    yield _open
    asking.api().close()


@pytest.fixture
def opened_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open a page where nothing was built and nothing runs."""
    settings = load_settings(data_dir=tmp_path / "data", models_dir=tmp_path / "models", dataset="synthetic")
    _point_to(settings, NOWHERE, monkeypatch)
    yield _open
    asking.api().close()


def text_of(page: AppTest) -> str:
    """All that a page says, but for what its pictures hold."""
    elements = [*page.main, *page.sidebar]
    return "\n".join(str(getattr(e, "value", "") or getattr(e, "body", "")) for e in elements) + "\n".join(
        e.proto.body.replace("<wbr>", "") for e in page.get("html")
    )


def _point_to(settings: Settings, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "RECSYS_DATA_DIR": str(settings.data_dir),
        "RECSYS_MODELS_DIR": str(settings.models_dir),
        "RECSYS_DATASET": settings.dataset,
        "RECSYS_API_URL": api.rstrip("/"),
        "RECSYS_DAGSTER_URL": NOWHERE,
    }.items():
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()


def _open(name: str) -> AppTest:
    app = AppTest.from_file(str(launch.MAIN), default_timeout=SECONDS).run()
    return app if name == "home" else app.switch_page(f"views/{name}.py").run()
