"""A running app over a small deployment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from recsys_assets.serving.api.config import ApiConfig
from recsys_assets.settings import Settings, load_settings
from recsys_assets_tests.serving.api.running import Client, running
from recsys_assets_tests.serving.api.world import deployment

Start = Callable[..., Client]


@pytest.fixture(scope="package")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Champions that no test changes."""
    return deployment(tmp_path_factory.mktemp("deployed"))


@pytest.fixture(scope="package")
def client(deployed: Settings) -> Iterator[Client]:
    """One app for all tests that change nothing of it."""
    with running(deployed) as client:
        yield client


@pytest.fixture
def settings(tmp_path: Path, deployed: Settings) -> Settings:
    """The same champions, and an inbox of the test's own."""
    return load_settings(data_dir=tmp_path / "data", models_dir=deployed.models_dir, dataset="synthetic")


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Start an app of the test's own; it is stopped after it."""
    with ExitStack() as started:

        def starting(of: Settings | None = None, **config: object) -> Client:
            return started.enter_context(running(of or settings, ApiConfig.model_validate(config)))

        yield starting
