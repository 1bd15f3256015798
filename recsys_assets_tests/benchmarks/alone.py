"""One measurement in a process of its own, so that its peak memory and its time are its own, within a limit.

`RECSYS_BENCHMARK_LIMIT` is the most seconds (wall clock) that one model may take, 1800 if it says nothing: a rival that
does not come to an end costs its row, not the table.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from recsys_assets.settings import PROJECT_ROOT


def limit_seconds() -> float:
    return float(os.environ.get("RECSYS_BENCHMARK_LIMIT", "1800"))


def alone(command: Sequence[str], *, what: str, env: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """What `command` prints as JSON in its last line; none where it took longer than the limit. `what` is told."""
    console, started = Console(highlight=False), time.monotonic()
    console.print(f"[dim]{what} ...[/]", soft_wrap=True)
    try:
        process = subprocess.run(
            command,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT_ROOT,
            env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)} | dict(env or {}),
            timeout=limit_seconds(),
        )
    except subprocess.TimeoutExpired:
        console.print(f"{what}: no answer in {limit_seconds():,.0f} s, left out", soft_wrap=True)
        return None
    found: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    console.print(f"[dim]{what}: {time.monotonic() - started:,.0f} s[/]", soft_wrap=True)
    return found
