"""How fast the HTTP service is: `pytest -m benchmark recsys_assets_tests/benchmarks/test_serving.py -s`.

It serves the deployment that the environment names (`RECSYS_DATASET`, `RECSYS_MODELS_DIR`), on loopback, and asks with
`wrk` for lists of random users over a few connections that each ask again as soon as they are answered. Nothing of the
deployment is changed: feedback and logs go to a folder of the test's own.

    RECSYS_BENCHMARK_MODELS        champions to ask, "next_item,ease,svd,dqn_agent" if not said
    RECSYS_BENCHMARK_SECONDS       of each measurement, 8
    RECSYS_BENCHMARK_CONNECTIONS   8

`first`: nothing is kept, every list is worked out. `again`: users who were there before. `why`: with reasons.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from rich.table import Table as RichTable

from recsys_assets.registry.export import champions
from recsys_assets.settings import PROJECT_ROOT, load_settings
from recsys_assets_tests.benchmarks.tables import show

pytestmark = pytest.mark.benchmark

SECONDS = os.environ.get("RECSYS_BENCHMARK_SECONDS", "8")
CONNECTIONS = os.environ.get("RECSYS_BENCHMARK_CONNECTIONS", "8")
READY_WITHIN = 120
"""Seconds."""
MODELS = os.environ.get("RECSYS_BENCHMARK_MODELS", "next_item,ease,svd,dqn_agent").split(",")
KINDS = {
    "first": (0, "explain=false"),
    "first, why": (0, "explain=true"),
    "again": (256, "explain=false"),
    "again, why": (256, "explain=true"),
}
"""Kind -> megabytes of scores that are kept, and what is asked."""


@contextmanager
def served(data: Path, cache_mb: int) -> Iterator[tuple[str, psutil.Process, float]]:
    """Address, process and seconds until it was ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "recsys_assets.cli", "serve", "--port", str(port), "--cache-mb", str(cache_mb)]
    env = os.environ | {"RECSYS_DATA_DIR": str(data)}
    with (data / f"log-{port}").open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen([*command, "--shadow", "0"], env=env, cwd=PROJECT_ROOT, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}", psutil.Process(process.pid), _ready(port, process) - started
        finally:
            process.terminate()
            process.wait(timeout=30)


def _ready(port: int, process: subprocess.Popen[bytes]) -> float:
    last = time.perf_counter() + READY_WITHIN
    while process.poll() is None and time.perf_counter() < last:
        with suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/ready", trust_env=False).status_code == 200:
                return time.perf_counter()
        time.sleep(0.01)
    raise AssertionError("the service ended, or is not ready; its log is in the test's folder")


def asked(base: str, users: Path, query: str) -> dict[str, Any]:
    """What wrk found."""
    script = Path(__file__).with_name("load.lua")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout", "10s", "-s", str(script), base]
    env = os.environ | {"RECSYS_USERS": str(users), "RECSYS_QUERY": query}
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def fallbacks(base: str) -> float:
    page = httpx.get(f"{base}/metrics", trust_env=False).text
    lines = [line for line in page.splitlines() if line.startswith("recsys_fallbacks_total")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


@pytest.mark.timeout(3600)
def test_load(tmp_path: Path) -> None:
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed (`apt-get install wrk`)")
    settings = load_settings()
    served_models = {champion.model for champion in champions(settings)}
    if lacking := [model for model in MODELS if model not in served_models]:
        pytest.skip(
            f"{settings.dataset} has no champion of {', '.join(lacking)}: run `recsys materialize`, or name others in "
            "RECSYS_BENCHMARK_MODELS"
        )
    title = f"{settings.dataset}: lists of 10 over {CONNECTIONS} connections, {SECONDS} s each"
    table = RichTable(title=title, title_justify="left")
    for column in ("model", "kind", "lists/s", "p50 ms", "p95 ms", "p99 ms", "failed", "fell back", "MB"):
        table.add_column(column, justify="left" if column in ("model", "kind") else "right")
    starts, users, size = [], tmp_path / "users", ""
    for kind, (cache_mb, query) in KINDS.items():
        with (
            served(tmp_path, cache_mb) as (base, process, start),
            httpx.Client(base_url=base, trust_env=False, timeout=60) as client,
        ):
            starts.append(start)
            known = client.get("/v1/users", params={"limit": 1000}).json()
            users.write_text("\n".join(str(user["user_id"]) for user in known["users"]))
            default = client.get("/v1/models").json()["default"]
            size = f"{client.get(f'/v1/models/{default}').json()['movies']:,} movies, {known['total']:,} users"
            for model in MODELS:
                list_query = f"k=10&model={model}&{query}"
                first = client.get(f"/v1/users/{known['users'][0]['user_id']}/recommendations?{list_query}").json()
                if first["model"] != model:
                    continue
                before, found = fallbacks(base), asked(base, users, list_query)
                rate, memory = found["requests"] / found["seconds"], process.memory_info().rss / 1e6
                times = [f"{found[p]:.1f}" for p in ("p50", "p95", "p99")]
                fell = f"{(fallbacks(base) - before) / max(1, found['requests']):.1%}"
                table.add_row(model, kind, f"{rate:.0f}", *times, str(found["failed"]), fell, f"{memory:.0f}")
    table.caption = f"{size}; default {default}; ready after {min(starts):.1f}-{max(starts):.1f} s"
    show(table, f"serving-{settings.dataset}")
