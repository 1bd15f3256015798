"""Shared fixtures: real data where it is to be had, settings that point into a temporary directory."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)  # a test that times out on a busy machine tells nothing
hypothesis.settings.load_profile("untimed")

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    # Before numpy and torch are imported: tests run beside one another, and threads that share a core only wait.
    os.environ.setdefault(variable, "1")

from recsys_assets.settings import PROJECT_ROOT, Settings, load_settings  # noqa: E402

IN_CI = bool(os.environ.get("CI"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") is None:
        return
    import torch

    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU here")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of real published data; skips where there is none, fails in CI."""
    named = os.environ.get("RECSYS_DATA_MIRROR")
    folder = Path(named) if named else PROJECT_ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        message = f"real data is not at {folder}; set RECSYS_DATA_MIRROR to the folder that holds movielens/ and imdb/"
        pytest.fail(message) if IN_CI else pytest.skip(message)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty deployment under `tmp_path`."""
    return load_settings(data_dir=tmp_path / "data", models_dir=tmp_path / "models", dataset="synthetic")
