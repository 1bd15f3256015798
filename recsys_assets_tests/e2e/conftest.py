"""One deployment, materialized once by the command a user types, shared by the end-to-end tests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from recsys_assets.settings import PROJECT_ROOT
from recsys_assets_tests.conftest import IN_CI

RUN_SECONDS, TEST_SECONDS = 900, 1500
"""Longest that a run, and a test with the run it asks for, may take while other tests share the cores."""
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@dataclass(frozen=True)
class Deployment:
    """Folders of a deployment, and the environment that names them."""

    root: Path
    env: Mapping[str, str]

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "recsys_assets.cli", *command],
            env=dict(self.env),
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def recsys(self, *command: str, code: int = 0) -> str:
        """What `recsys ...` prints; fails where it does not exit with `code`."""
        process = self.start(*command)
        output, errors = process.communicate(timeout=RUN_SECONDS)
        assert process.returncode == code, f"recsys {' '.join(command)}\n{output[-4000:]}\n{errors[-4000:]}"
        return output if code == 0 else errors

    def recsys_json(self, *command: str) -> Any:
        return json.loads(self.recsys(*command, "--json"))


def quick_models() -> list[str]:
    """Models that `--quick` trains, as their assets are tagged."""
    from recsys_assets.definitions import defs
    from recsys_assets.recommenders import MODELS

    tags = {spec.key.to_user_string(): spec.tags for spec in defs().resolve_all_asset_specs()}
    return sorted(model for model in MODELS if tags[model]["cost"] == "quick")


def deploy(root: Path, **env: str) -> Deployment:
    home = root / "dagster_home"
    home.mkdir(parents=True)
    shutil.copy(PROJECT_ROOT / ".dagster" / "dagster.yaml", home / "dagster.yaml")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("RECSYS_", "DAGSTER_"))}
    return Deployment(
        root,
        inherited
        | {
            "DAGSTER_HOME": str(home),
            "RECSYS_DATA_DIR": str(root / "data"),
            "RECSYS_MODELS_DIR": str(root / "models"),
            "COLUMNS": "160",
        }
        | env,
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    executable = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if executable is None:
        message = "no Chromium on PATH; install your system's `chromium` to run the browser tests"
        pytest.fail(message) if IN_CI else pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The embedded data set, the whole graph but for the slow models materialized."""
    deployment = deploy(tmp_path_factory.mktemp("synthetic"))
    deployment.recsys("materialize", "--quick")
    return deployment


@pytest.fixture(scope="session")
def latest_small(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Iterator[Deployment]:
    """Real ratings, the whole graph but for the slow models materialized."""
    deployment = deploy(
        tmp_path_factory.mktemp("latest_small"), RECSYS_DATASET="ml-latest-small", RECSYS_DATA_MIRROR=str(mirror)
    )
    deployment.recsys("materialize", "--quick")
    return deployment


@pytest.fixture(scope="session")
def web_ui(synthetic: Deployment) -> Iterator[str]:
    """Address of the Dagster web UI over the materialized deployment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("dagster-webserver")),
            "-w",
            str(PROJECT_ROOT / "workspace.yaml"),
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
        ],
        cwd=PROJECT_ROOT,
        env=dict(synthetic.env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/server_info", timeout=2).close()
            break
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            assert server.poll() is None, "the web server stopped while starting"
            time.sleep(0.5)
    yield address
    server.terminate()
    server.wait(timeout=30)
